namespace Treeline.Jobs;

/// <summary>One page of a listing, newest job first.</summary>
/// <param name="Jobs">The jobs of this page.</param>
/// <param name="Next">Pass it as <c>after</c> to get the next page; null on the last one.</param>
public sealed record JobPage(IReadOnlyList<Job> Jobs, long? Next);
