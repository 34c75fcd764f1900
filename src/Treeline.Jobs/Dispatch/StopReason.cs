namespace Treeline.Jobs;

/// <summary>Why one attempt alone is stopped. (A server that stops cancels the scope around all of them.)</summary>
internal enum StopReason
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>Somebody cancelled the job.</summary>
    CancelRequested,

    /// <summary>Its lease is lost: somebody else may run the job by now.</summary>
    LeaseLost,
}
