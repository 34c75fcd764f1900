namespace Treeline;

/// <summary>What the <see cref="BlockMonitor"/> saw of a worker when it last looked.</summary>
internal struct MonitorNotes
{
    /// <summary>When the rest was first seen so.</summary>
    public long Since;

    public uint Dispatches;
    public WorkerState State;

    /// <summary>A spare thread was sent to start it.</summary>
    public bool Acted;

    /// <summary>Its thread did not wait as far as .NET knows: it may have been computing.</summary>
    public bool Doubtful;
}
