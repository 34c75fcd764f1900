namespace Treeline.Jobs;

/// <summary>
/// One queued write. <b>Protocol:</b> it leaves the state queued exactly once, to started (by the writer's thread) or to
/// cancelled (by the caller's token). So a cancelled write has changed nothing, and a started one runs to its end.
/// </summary>
internal abstract class WriteCommand
{
    private const int Queued = 0;
    private const int Started = 1;
    private const int Cancelled = 2;

    private int _state;

    public bool TryStart() => Interlocked.CompareExchange(ref _state, Started, Queued) == Queued;

    public abstract void Execute(WriteTransaction transaction);

    /// <summary>Tells the caller that the write is on disk.</summary>
    public abstract void Succeed();

    /// <summary>Tells the caller that the write has left no trace.</summary>
    public abstract void Fail(Exception error);

    protected bool TryCancel() => Interlocked.CompareExchange(ref _state, Cancelled, Queued) == Queued;
}
