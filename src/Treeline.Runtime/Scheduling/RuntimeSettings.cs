namespace Treeline;

/// <summary>What a <see cref="RuntimeBuilder"/> was told. Does not change once a runtime has been made of it.</summary>
internal sealed record RuntimeSettings
{
    public RuntimeShape Shape { get; init; } = RuntimeShape.MultiThread;

    public int Workers { get; init; } = Environment.ProcessorCount;

    public string Name { get; init; } = "runtime";

    public string ThreadName { get; init; } = "Treeline worker";

    public bool Io { get; init; }

    public bool Time { get; init; }

    public DriverKind Driver { get; init; }

    /// <summary>Null: the threads of the process, which all runtimes share.</summary>
    public int? BlockingThreads { get; init; }

    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan SlowPoll { get; init; } = TimeSpan.FromMilliseconds(100);

    public Action<SlowPoll>? OnSlowPoll { get; init; }

    public Action? OnThreadStart { get; init; }

    public Action? OnThreadStop { get; init; }

    public Action? OnThreadPark { get; init; }

    public Action? OnThreadUnpark { get; init; }
}
