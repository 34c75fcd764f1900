namespace Treeline.App.Wire;

/// <summary>What <c>POST /jobs</c> answers: <see cref="Id"/> to one job, <see cref="Ids"/> to an array.</summary>
internal sealed record SubmittedBody(long? Id, IReadOnlyList<long>? Ids);
