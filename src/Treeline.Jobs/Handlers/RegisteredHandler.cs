using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>A handler and what checks its arguments when a job is submitted.</summary>
internal sealed record RegisteredHandler(JobHandler Run, Func<JsonElement?, ArgsError?>? Validate);
