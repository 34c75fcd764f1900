using System.Diagnostics.CodeAnalysis;
using Treeline.Drivers;

namespace Treeline;

/// <summary>Says what a <see cref="Runtime"/> is to be like, and builds it. Each call returns the builder.</summary>
public sealed class RuntimeBuilder
{
    private RuntimeSettings _settings = new();

    internal RuntimeBuilder()
    {
    }

    /// <summary>Several workers that share their work: whoever has nothing to do takes from the others. This is the default.</summary>
    /// <param name="workers">How many; by default one for each processor.</param>
    /// <returns>The builder.</returns>
    public RuntimeBuilder MultiThread(int? workers = null) => Shape(RuntimeShape.MultiThread, workers);

    /// <summary>
    /// One worker and no thread: work runs on the thread that blocks on the runtime, for as long as it does. What is spawned in
    /// between waits for the next.
    /// </summary>
    /// <returns>The builder.</returns>
    public RuntimeBuilder CurrentThread() => Shape(RuntimeShape.CurrentThread, 1);

    /// <summary>
    /// Workers that share nothing, each bound to a processor and with a driver of its own: io_uring where the system allows it, epoll
    /// otherwise. Work stays on the core where it was spawned, and a thread that blocks keeps all of its core's waiting: for servers whose code never
    /// does. Scopes choose the core by its executor (<see cref="RuntimeHandle.Executors"/>).
    /// </summary>
    /// <param name="cores">How many; by default one for each processor.</param>
    /// <returns>The builder.</returns>
    public RuntimeBuilder ThreadPerCore(int? cores = null) => Shape(RuntimeShape.ThreadPerCore, cores);

    /// <summary>Gives it sockets.</summary>
    /// <returns>The builder.</returns>
    public RuntimeBuilder EnableIo() => With(_settings with { Io = true });

    /// <summary>Gives it timers.</summary>
    /// <returns>The builder.</returns>
    public RuntimeBuilder EnableTime() => With(_settings with { Time = true });

    /// <summary>Gives it sockets and timers.</summary>
    /// <returns>The builder.</returns>
    public RuntimeBuilder EnableAll() => EnableIo().EnableTime();

    /// <summary>Chooses what its workers wait in for the network; by default the best there is.</summary>
    /// <param name="driver">The driver. Building fails where it is not to be had.</param>
    /// <returns>The builder.</returns>
    public RuntimeBuilder UseDriver(DriverKind driver) => With(_settings with { Driver = driver });

    /// <summary>How the runtime is called in the tree and in errors.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The builder.</returns>
    public RuntimeBuilder Name(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return With(_settings with { Name = name });
    }

    /// <summary>How its threads are called; they are numbered by the system.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The builder.</returns>
    public RuntimeBuilder ThreadName(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return With(_settings with { ThreadName = name });
    }

    /// <summary>
    /// Gives it threads of its own for <c>SpawnBlocking</c>, so many at most; without, it shares the 512 of the process.
    /// </summary>
    /// <param name="threads">How many at most.</param>
    /// <returns>The builder.</returns>
    public RuntimeBuilder MaxBlockingThreads(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        return With(_settings with { BlockingThreads = threads });
    }

    /// <summary>How long what has been cancelled may take to end when the runtime is shut down; then it is left behind, and named. By default 10 s.</summary>
    /// <param name="patience">How long.</param>
    /// <returns>The builder.</returns>
    public RuntimeBuilder ShutdownPatience(TimeSpan patience)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(patience, TimeSpan.Zero);
        return With(_settings with { Patience = patience });
    }

    /// <summary>
    /// Tells of code that keeps a worker for too long without awaiting anything: while it still does, by a thread of the runtime's own.
    /// </summary>
    /// <param name="threshold">From when on it is too long; it is noticed some milliseconds later.</param>
    /// <param name="tell">Called once for each, and should be quick.</param>
    /// <returns>The builder.</returns>
    public RuntimeBuilder OnSlowPoll(TimeSpan threshold, Action<SlowPoll> tell)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(threshold, TimeSpan.Zero);
        ArgumentNullException.ThrowIfNull(tell);
        return With(_settings with { SlowPoll = threshold, OnSlowPoll = tell });
    }

    /// <summary>
    /// Called on each thread of the runtime's own that drives a worker, before its first work; also on one that takes the place of a blocked
    /// one for a while. The threads that block on a current-thread runtime are not the runtime's.
    /// </summary>
    /// <param name="hook">Must not throw, or the process ends.</param>
    /// <returns>The builder.</returns>
    public RuntimeBuilder OnThreadStart(Action hook) => With(_settings with { OnThreadStart = NotNull(hook) });

    /// <summary>Called on each of these threads after its last work.</summary>
    /// <inheritdoc cref="OnThreadStart" path="/param|/returns"/>
    public RuntimeBuilder OnThreadStop(Action hook) => With(_settings with { OnThreadStop = NotNull(hook) });

    /// <summary>Called on a worker's thread before it waits for something to do.</summary>
    /// <inheritdoc cref="OnThreadStart" path="/param|/returns"/>
    public RuntimeBuilder OnThreadPark(Action hook) => With(_settings with { OnThreadPark = NotNull(hook) });

    /// <summary>Called on a worker's thread when it has something to do.</summary>
    /// <inheritdoc cref="OnThreadStart" path="/param|/returns"/>
    public RuntimeBuilder OnThreadUnpark(Action hook) => With(_settings with { OnThreadUnpark = NotNull(hook) });

    /// <summary>Builds it. Its threads start when there is something to do.</summary>
    /// <returns>The runtime; the caller disposes of it.</returns>
    /// <exception cref="PlatformNotSupportedException">The driver that was asked for is not to be had here.</exception>
    [SuppressMessage("Reliability", "CA2000", Justification = "The runtime disposes of its drivers.")]
    public Runtime Build()
    {
        RuntimeSettings settings = _settings;
        return new Runtime(settings, runtime =>
        {
            if (settings.Shape != RuntimeShape.ThreadPerCore)
            {
                return [new RuntimeCore(runtime, DriverChoice.Make(settings), processor: null)];
            }

            int[] processors = ProcessorAffinity.Available();
            return
            [
                .. Enumerable.Range(0, settings.Workers).Select(core => new RuntimeCore(
                    runtime, DriverChoice.Make(settings), processors.Length > 0 ? processors[core % processors.Length] : null)),
            ];
        });
    }

    private static Action NotNull(Action hook)
    {
        ArgumentNullException.ThrowIfNull(hook);
        return hook;
    }

    private RuntimeBuilder Shape(RuntimeShape shape, int? workers)
    {
        if (workers is { } number)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(number, nameof(workers));
        }

        return With(_settings with { Shape = shape, Workers = workers ?? Environment.ProcessorCount });
    }

    private RuntimeBuilder With(RuntimeSettings settings)
    {
        _settings = settings;
        return this;
    }
}
