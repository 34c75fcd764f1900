using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Treeline.Jobs;

/// <summary>What a <see cref="JobServer"/> works with.</summary>
public sealed class JobServerOptions
{
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    /// <summary>The SQLite file that holds the jobs; it and its directory are made if they are missing.</summary>
    public required string DataFile { get; init; }

    /// <summary>The types of job there are.</summary>
    public required JobHandlers Handlers { get; init; }

    /// <summary>How many jobs run at once, at least 1; by default four for each core.</summary>
    public int Workers { get; init; } = 4 * Environment.ProcessorCount;

    /// <summary>
    /// For how long a claimed job belongs to this server without a sign of life, one second to one day; leases are renewed
    /// three times in that time. A server on the same machine that was killed loses its leases at once, whatever this says.
    /// </summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long running jobs may go on after <see cref="JobServer.Stop"/> before they are cancelled, up to one day.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait for cancelled jobs before they are reported as still running, up to one day.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The longest wait after a first failed attempt; it doubles with each further one. The wait itself is drawn evenly
    /// between nothing and that.
    /// </summary>
    public TimeSpan RetryBase { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between two attempts, however many have failed.</summary>
    public TimeSpan RetryCap { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The clock of everything: due times, leases, retries, shutdown.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// Where the jobs and what hands them out run: the executor of a runtime, say. By default where the scope around
    /// <see cref="JobServer.RunAsync"/> runs its children.
    /// </summary>
    public Executor? Executor { get; init; }

    /// <summary>Where to log to; nowhere by default.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>The first thing that is wrong here, as an exception.</summary>
    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(DataFile);
        ArgumentNullException.ThrowIfNull(Handlers);
        ArgumentOutOfRangeException.ThrowIfLessThan(Workers, 1);
        ThrowIfOutside(Lease, TimeSpan.FromSeconds(1));
        ThrowIfOutside(Grace, TimeSpan.Zero);
        ThrowIfOutside(Patience, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryBase, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryCap, RetryBase);
    }

    private static void ThrowIfOutside(TimeSpan time, TimeSpan least, [CallerArgumentExpression(nameof(time))] string? option = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, least, option);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time, s_longest, option);
    }
}
