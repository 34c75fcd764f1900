namespace Treeline.Tests;

/// <summary>Runs code that blocks on a thread of its own, which is nobody's worker.</summary>
internal static class OnThread
{
    /// <summary>Completes when <paramref name="code"/> has returned or thrown, and the thread has ended.</summary>
    public static async Task RunAsync(Action code)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                code();
                ended.SetResult();
            }
            catch (Exception e)
            {
                ended.SetException(e);
            }
        })
        {
            IsBackground = true,
            Name = "a test's own",
        };
        thread.Start();
        try
        {
            await ended.Task;
        }
        finally
        {
            thread.Join();
        }
    }
}
