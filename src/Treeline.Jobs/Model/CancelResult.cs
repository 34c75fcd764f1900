namespace Treeline.Jobs;

/// <summary>What came of asking to cancel a job.</summary>
public enum CancelResult
{
    /// <summary>There is no such job.</summary>
    NotFound,

    /// <summary>It had already finished; nothing changed.</summary>
    AlreadyFinished,

    /// <summary>It was waiting and will never run (again).</summary>
    Cancelled,

    /// <summary>It runs; its scope is cancelled and it ends as soon as its handler lets it.</summary>
    Requested,
}
