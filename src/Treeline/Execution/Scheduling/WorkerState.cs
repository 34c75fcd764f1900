namespace Treeline;

/// <summary>Who has a <see cref="Worker"/>. The transitions are in its protocol.</summary>
internal enum WorkerState
{
    /// <summary>Nobody drives it; it is in the idle set.</summary>
    Parked,

    /// <summary>Taken from the idle set, or handed back by its thread; some thread is to begin with it.</summary>
    Queued,

    /// <summary>A thread takes work and runs it.</summary>
    Running,

    /// <summary>A thread looks for work elsewhere, or is about to park it.</summary>
    Searching,

    /// <summary>Its thread is stuck in a dispatch, and its seat was given to another worker.</summary>
    Blocked,
}
