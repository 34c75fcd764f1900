namespace Treeline.Jobs;

/// <summary>How many jobs stand where.</summary>
/// <param name="Pending">Jobs that wait.</param>
/// <param name="Running">Jobs that run.</param>
/// <param name="Succeeded">Jobs that are done.</param>
/// <param name="Failed">Jobs that were given up.</param>
/// <param name="Cancelled">Jobs that were cancelled.</param>
public sealed record JobCounts(long Pending, long Running, long Succeeded, long Failed, long Cancelled);
