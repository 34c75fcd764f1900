namespace Treeline.Testing;

/// <summary>
/// Runs something on a thread of its own: neither the caller's, whose contexts are none of its business, nor one of the
/// pool, whose local queue would keep what it leaves there.
/// </summary>
internal static class RunThread
{
    [ThreadStatic]
    private static PoolWatch? t_pool;

    /// <summary>What the calling thread, which is such a thread, knows of the pool.</summary>
    public static PoolWatch Pool => t_pool!;

    /// <summary>Runs <paramref name="action"/>, which does not throw. The execution context flows.</summary>
    public static void Start(Action action) => Start(action, waiting: 0);

    /// <summary>Runs <paramref name="function"/> while the caller waits, and gives what it gives, or throws what it throws.</summary>
    public static T Run<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>();
        Thread thread = Start(
            () =>
            {
                try
                {
                    result.SetResult(function());
                }
                catch (Exception e)
                {
                    result.SetException(e);
                }
            },
            waiting: Thread.CurrentThread.IsThreadPoolThread ? 1 : 0);
        thread.Join();
        return result.Task.GetAwaiter().GetResult();
    }

    private static Thread Start(Action action, int waiting)
    {
        var thread = new Thread(() =>
        {
            t_pool = new PoolWatch(waiting);
            action();
        })
        {
            IsBackground = true,
            Name = "Treeline test run",
        };
        thread.Start();
        return thread;
    }
}
