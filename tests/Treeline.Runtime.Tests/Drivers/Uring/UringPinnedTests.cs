namespace Treeline.Tests.Drivers.Uring;

/// <summary>A worker that is bound to a thread has that one only, whoever wakes it and when.</summary>
public sealed class UringPinnedTests : TreeTest
{
    [Fact]
    public Task A_worker_that_is_woken_as_it_goes_to_work_gets_no_second_thread() => InTime(async () =>
    {
        int threads = 0;
        await using (Runtime runtime = Runtime.CreateBuilder()
            .ThreadPerCore(1).EnableAll().OnThreadStart(() => Interlocked.Increment(ref threads)).Build())
        {
            // From two threads at once, while the worker falls asleep again and again.
            await Task.WhenAll(Enumerable.Range(0, 2).Select(seed => Task.Run(async () =>
            {
                var random = new Random(seed);
                for (int round = 0; round < 3000; round++)
                {
                    await runtime.Spawn(static async _ => await Task.CompletedTask);
                    Thread.SpinWait(random.Next(200));
                }
            })));
        }

        Assert.Equal(1, threads);
    });
}
