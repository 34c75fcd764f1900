namespace Treeline;

/// <summary>
/// Which <see cref="TimerShard"/> keeps a timer: that of the worker that sets it; threads that drive none share one.
/// </summary>
/// <remarks>
/// All of the system's clock. Any other keeps its timers itself, each one, so that a virtual clock sees when it is due. Timers
/// are called on workers of the thread pool's executor, whoever set them: a worker of another may be turned by a thread that
/// waits for just that timer. A crank whose threads wait for timers themselves has shards of its own
/// (<see cref="Crank.MakeTimers"/>).
/// </remarks>
internal static class TimerShards
{
    private static TimerShard? s_shared;

    private static TimerShard Shared => Volatile.Read(ref s_shared) ?? MakeShared();

    /// <summary>Whether timers of <paramref name="clock"/> are kept in shards.</summary>
    public static bool Keep(TimeProvider clock) => ReferenceEquals(clock, TimeProvider.System);

    /// <summary>Where the calling thread sets a timer of <paramref name="clock"/>; null: the clock keeps it.</summary>
    public static TimerShard? Of(TimeProvider clock) =>
        !Keep(clock) ? null
        : WorkerThread.Current.Worker is { } worker ? worker.Timers ??= worker.Scheduler.Crank.MakeTimers()
        : Shared;

    private static TimerShard Make() => new(TimeProvider.System, Executor.ThreadPool);

    private static TimerShard MakeShared()
    {
        TimerShard made = Make();
        return Interlocked.CompareExchange(ref s_shared, made, null) ?? made;
    }
}
