using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Treeline.Jobs;

/// <summary>What a handler gets to know about the job it works on.</summary>
public sealed class JobContext
{
    private readonly ClaimedJob _job;

    internal JobContext(ClaimedJob job, TaskScope scope, ILogger log, TimeProvider time)
    {
        _job = job;
        Args = job.Args is null ? null : JsonElement.Parse(job.Args, new JsonDocumentOptions { MaxDepth = int.MaxValue });
        Scope = scope;
        Log = log;
        Time = time;
    }

    /// <summary>The job's number.</summary>
    public long JobId => _job.Id;

    /// <summary>Which attempt this is, from 1.</summary>
    public int Attempt => _job.Attempt;

    /// <summary>The name under which the handler was added.</summary>
    public string Type => _job.Type;

    /// <summary>What the job was submitted with.</summary>
    public JsonElement? Args { get; }

    /// <summary>
    /// The job's own scope. What is spawned in it shows in the live tree below the job, is cancelled with the job, and has
    /// ended before the job has.
    /// </summary>
    public TaskScope Scope { get; }

    /// <summary>Where to log to; the category is <c>Treeline.Jobs.Handlers.</c> and the type.</summary>
    public ILogger Log { get; }

    internal TimeProvider Time { get; }

    /// <summary>Reads the arguments as an object. Names match in any case.</summary>
    /// <typeparam name="TArgs">What to read them as.</typeparam>
    /// <returns>The arguments.</returns>
    /// <exception cref="JsonException">There are none, or they do not fit; uncaught, it fails the attempt.</exception>
    public TArgs ReadArgs<TArgs>() =>
        (Args is { } args ? args.Deserialize<TArgs>(JsonSerializerOptions.Web) : default)
        ?? throw new JsonException($"Job {JobId} ({Type}) needs args: {typeof(TArgs).Name}.");
}
