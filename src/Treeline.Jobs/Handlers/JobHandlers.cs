using System.Collections.Immutable;
using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>The types of job a server knows, and what does the work of each.</summary>
public sealed class JobHandlers
{
    /// <summary>The longest name a type may have, in characters.</summary>
    private const int LongestType = 100;

    private ImmutableSortedDictionary<string, RegisteredHandler> _byType =
        ImmutableSortedDictionary.Create<string, RegisteredHandler>(StringComparer.Ordinal);

    /// <summary>The names of all types, sorted.</summary>
    public IReadOnlyCollection<string> Types => [.. _byType.Keys];

    /// <summary>Adds a type of job.</summary>
    /// <param name="type">Its name; jobs are submitted under it.</param>
    /// <param name="handler">Does the work.</param>
    /// <param name="validate">
    /// Says what is wrong with arguments, or null if nothing is. Asked when a job is submitted, so that a bad one is refused
    /// and not tried. Without it any arguments are accepted.
    /// </param>
    /// <returns>This.</returns>
    /// <exception cref="ArgumentException">The name is empty, too long, or taken.</exception>
    public JobHandlers Add(string type, JobHandler handler, Func<JsonElement?, ArgsError?>? validate = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(type);
        ArgumentNullException.ThrowIfNull(handler);
        if (type.Length > LongestType)
        {
            throw new ArgumentException($"A type's name has at most {LongestType} characters, and '{type}' has {type.Length}.", nameof(type));
        }

        if (_byType.ContainsKey(type))
        {
            throw new ArgumentException($"There is a handler for '{type}' already. Each type has one; choose another name.", nameof(type));
        }

        _byType = _byType.Add(type, new RegisteredHandler(handler, validate));
        return this;
    }

    /// <summary>Adds <c>sleep</c>: <c>{"ms": 0…86400000}</c> waits that long.</summary>
    /// <returns>This.</returns>
    public JobHandlers AddSleep() => Add("sleep", SleepHandler.RunAsync, SleepHandler.Validate);

    /// <summary>
    /// Adds <c>cpu</c>: <c>{"n": 1…50000000}</c> counts the primes up to n, on a thread of its own; as many at a time as
    /// there are cores. Result: <c>{"primes": …}</c>.
    /// </summary>
    /// <returns>This.</returns>
    public JobHandlers AddCpu() => Add("cpu", new CpuHandler().RunAsync, CpuHandler.Validate);

    /// <summary>
    /// Adds <c>http</c>: <c>{"url": …, "method"?: "GET", "headers"?: {…}, "body"?: "…", "timeoutMs"?: 1…3600000}</c> calls an
    /// absolute http or https address (by default within 100 s). A status outside 200 to 299 fails the attempt. Result:
    /// <c>{"status", "bytes", "body"}</c>, with the first 64 KiB of the body.
    /// </summary>
    /// <param name="client">What to call with; it stays the caller's. By default one is shared by all servers.</param>
    /// <returns>This.</returns>
    public JobHandlers AddHttp(HttpClient? client = null) => Add("http", new HttpHandler(client).RunAsync, HttpHandler.Validate);

    /// <summary>
    /// Adds <c>exec</c>: <c>{"command": …, "args"?: […], "stdin"?: "…", "timeoutMs"?: 1…86400000, "env"?: {…}}</c> runs a command,
    /// without a shell. An exit code other than 0 fails the attempt. Result:
    /// <c>{"exitCode", "stdout", "stderr", "stdoutTruncated", "stderrTruncated"}</c>, the first 64 KiB of each stream. When
    /// the job is cancelled or its time is over, the command and all it has started get SIGTERM and soon after SIGKILL.
    /// </summary>
    /// <param name="allowedCommands">
    /// The commands that may be run, written exactly as jobs must name them. A command runs with this process's rights and
    /// environment, and with whatever arguments the job says: name only commands that are harmless with any.
    /// </param>
    /// <returns>This.</returns>
    public JobHandlers AddExec(IReadOnlyCollection<string> allowedCommands)
    {
        ArgumentNullException.ThrowIfNull(allowedCommands);
        var handler = new ExecHandler(allowedCommands);
        return Add("exec", handler.RunAsync, handler.Validate);
    }

    internal RegisteredHandler? Find(string type) => _byType.GetValueOrDefault(type);
}
