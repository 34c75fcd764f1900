namespace Treeline.Jobs;

/// <summary>The ways in which an attempt ends.</summary>
internal enum AttemptEndKind
{
    /// <summary>The handler returned.</summary>
    Succeeded,

    /// <summary>The handler threw.</summary>
    Failed,

    /// <summary>Somebody cancelled the job, and the handler stopped.</summary>
    Cancelled,

    /// <summary>The server stopped before the job was done: the attempt does not count.</summary>
    CutShort,
}
