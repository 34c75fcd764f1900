namespace Treeline.Tests.IO;

/// <summary>Warm operations allocate nothing.</summary>
internal static class Warm
{
    public static void AllocatesNothing(Action work)
    {
        // As on a worker, as far as pools and the budget can tell.
        WorkerThread thread = WorkerThread.Current;
        Worker? before = thread.Worker;
        thread.Worker = new Worker((Scheduler)Executor.ThreadPool, isSpare: true);
        try
        {
            long least = long.MaxValue;
            for (int round = 0; round < 10 && least > 0; round++)
            {
                thread.Budget = int.MaxValue;
                long allocated = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 100; i++)
                {
                    work();
                }

                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - allocated);
            }

            Assert.Equal(0, least);
        }
        finally
        {
            thread.Worker = before;
            thread.Budget = 0;
        }
    }
}
