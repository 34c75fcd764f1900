using Treeline.Tests.Execution.Waiting;

namespace Treeline.Tests.Sync;

/// <summary>Warm waits allocate nothing.</summary>
internal static class Warm
{
    public static void AllocatesNothing(Action work)
    {
        using OnAWorker _ = OnAWorker.Enter();
        long least = long.MaxValue;
        for (int round = 0; round < 10 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                work();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
