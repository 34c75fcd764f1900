namespace Treeline.Tests.Execution.Scheduling;

public sealed class OwnThreadsCrankTests
{
    [Fact]
    public void Work_runs_on_threads_of_that_name_which_stay()
    {
        using var scheduler = new Scheduler(new OwnThreadsCrank("my worker", Timeout.InfiniteTimeSpan), seats: 1);
        var threads = new HashSet<Thread>();
        using var ran = new SemaphoreSlim(0);
        for (int i = 0; i < 100; i++)
        {
            scheduler.Schedule(new Work(() =>
            {
                threads.Add(Thread.CurrentThread);
                ran.Release();
            }));
            Assert.True(ran.Wait(Cranks.Deadline));
        }

        Thread thread = Assert.Single(threads);
        Assert.Equal("my worker", thread.Name);
        Assert.False(thread.IsThreadPoolThread);
    }

    [Fact]
    public void Stopping_ends_the_threads()
    {
        var scheduler = new Scheduler(new OwnThreadsCrank("my worker", Timeout.InfiniteTimeSpan), seats: 2);
        using var meeting = new Barrier(2);
        var threads = new System.Collections.Concurrent.ConcurrentBag<Thread>();
        for (int i = 0; i < 2; i++)
        {
            scheduler.Schedule(new Work(() =>
            {
                threads.Add(Thread.CurrentThread);
                Assert.True(meeting.SignalAndWait(Cranks.Deadline));
            }));
        }

        scheduler.Dispose();
        Assert.Equal(2, threads.Count);
        Assert.All(threads, static thread => Assert.True(thread.Join(Cranks.Deadline)));
    }

    [Fact]
    public void A_thread_that_nobody_needs_ends_and_work_starts_another()
    {
        using var scheduler = new Scheduler(new OwnThreadsCrank("my worker", TimeSpan.FromMilliseconds(1)), seats: 1);
        using var ran = new SemaphoreSlim(0);
        for (int i = 0; i < 20; i++)
        {
            Thread? thread = null;
            scheduler.Schedule(new Work(() =>
            {
                thread = Thread.CurrentThread;
                ran.Release();
            }));
            Assert.True(ran.Wait(Cranks.Deadline));
            Assert.True(thread!.Join(Cranks.Deadline));
        }
    }

    [Fact]
    public void Work_against_threads_that_are_about_to_end()
    {
        int seed = Environment.TickCount;
        using var scheduler = new Scheduler(
            new OwnThreadsCrank("my worker", TimeSpan.FromMilliseconds(1)), seats: 2, monitored: false);
        using var ran = new SemaphoreSlim(0);
        var item = new Work(() => ran.Release());
        var random = new Random(seed);
        for (int round = 0; round < 500; round++)
        {
            scheduler.Schedule(item);
            scheduler.Schedule(item);
            Assert.True(ran.Wait(Cranks.Deadline) && ran.Wait(Cranks.Deadline), $"Seed {seed}, round {round}: lost.");
            Thread.SpinWait(random.Next(60_000)); // about a millisecond
        }
    }
}
