namespace Treeline;

/// <summary>An awaiter that resumes a work item itself, with no delegate between. The fiber's builder recognises it.</summary>
internal interface IWorkItemAwaiter
{
    /// <summary>
    /// Suspends <paramref name="resume"/> until the awaited thing has happened, then hands it to
    /// <paramref name="executor"/> exactly once. It may run, on another thread, before this returns.
    /// </summary>
    internal void OnCompleted(IThreadPoolWorkItem resume, Executor executor);
}
