namespace Treeline;

/// <summary>Resumes a fiber on the synchronization context (a user interface's, say) in which it began to wait.</summary>
internal sealed class ContextPost(SynchronizationContext context, ChildNode fiber) : IThreadPoolWorkItem
{
    public void Execute() => context.Post(static fiber => WorkerThread.Current.Run((ChildNode)fiber!), fiber);
}
