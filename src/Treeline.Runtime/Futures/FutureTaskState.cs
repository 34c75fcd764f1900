namespace Treeline.Futures;

/// <summary>What a <see cref="FutureTask{TFuture, T}"/> is doing. As Tokio's task states.</summary>
internal enum FutureTaskState : byte
{
    /// <summary>It waits to be woken; or it is in a pool.</summary>
    Idle,

    /// <summary>It is queued to be polled.</summary>
    Scheduled,

    /// <summary>It is being polled, or ended.</summary>
    Running,

    /// <summary>It is being polled and has been woken meanwhile: it is queued again after that.</summary>
    Notified,
}
