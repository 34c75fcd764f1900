using Treeline.Jobs;

namespace Treeline.App.Wire;

/// <summary>What <c>DELETE /jobs/{id}</c> answers: <c>cancelled</c>, or still <c>running</c> and told to stop.</summary>
internal sealed record CancelledBody(long Id, JobState State);
