namespace Treeline;

/// <summary>How a wait ended. Exactly one of the last four wins.</summary>
internal enum WaitOutcome
{
    /// <summary>Nobody waits: the node is in a pool, or on its way there.</summary>
    None,

    /// <summary>Not ended yet.</summary>
    Pending,

    /// <summary>The primitive gave what was waited for, or an error in its place.</summary>
    Signalled,

    /// <summary>The token was cancelled first. Nothing was taken from the primitive.</summary>
    Cancelled,

    /// <summary>The deadline came first. Nothing was taken from the primitive.</summary>
    TimedOut,

    /// <summary>Another branch of the same select was first. Nothing was taken from the primitive.</summary>
    Lost,
}
