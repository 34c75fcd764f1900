namespace Treeline.Tests;

/// <summary>Where code runs.</summary>
internal static class Here
{
    public const string Pool = "pool";
    public const string RuntimeWorker = "runtime";

    /// <summary><see cref="RuntimeWorker"/>: on a worker of one; <see cref="Pool"/>; or the name of the thread.</summary>
    public static string Name => WorkerThread.Current.Worker?.Scheduler is { } scheduler
        ? scheduler.Owner is RuntimeCore ? RuntimeWorker : scheduler == Executor.ThreadPool ? Pool : "another scheduler"
        : Thread.CurrentThread.IsThreadPoolThread ? Pool
        : Thread.CurrentThread.Name ?? "a thread";

    public static int ThreadId => Environment.CurrentManagedThreadId;
}
