namespace Treeline;

/// <summary>What a thread does, seen from another one.</summary>
internal enum ThreadActivity
{
    /// <summary>It computes, or waits in a system call: this platform does not tell.</summary>
    Unknown,

    /// <summary>It has, or wants, a core.</summary>
    Computing,

    /// <summary>It waits for something, and needs no core.</summary>
    Waiting,
}
