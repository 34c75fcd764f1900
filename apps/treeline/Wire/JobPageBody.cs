using Treeline.Jobs;

namespace Treeline.App.Wire;

/// <summary>What <c>GET /jobs</c> answers, newest first; <see cref="Next"/> is the next page's <c>after</c>.</summary>
internal sealed record JobPageBody(IReadOnlyList<Job> Jobs, long? Next);
