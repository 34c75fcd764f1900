using System.Diagnostics;

namespace Treeline.Tests.Execution.Scheduling;

public sealed class PoolCrankTests
{
    [Fact]
    public void Work_that_never_ends_does_not_keep_foreign_work_off_the_pool()
    {
        // As many always-ready items as there are pool threads, and more.
        using Cranks cranks = Cranks.Open("pool", seats: Environment.ProcessorCount);
        bool stop = false;
        int left = 4 * Environment.ProcessorCount;
        var stopped = new TaskCompletionSource();
        for (int i = 4 * Environment.ProcessorCount; i > 0; i--)
        {
            cranks.Scheduler.Schedule(new Work(self =>
            {
                if (!Volatile.Read(ref stop))
                {
                    cranks.Scheduler.ScheduleYielded(self);
                }
                else if (Interlocked.Decrement(ref left) == 0)
                {
                    stopped.SetResult();
                }
            }));
        }

        var waits = new List<TimeSpan>();
        using var ran = new ManualResetEventSlim();
        for (int i = 0; i < 200; i++)
        {
            ran.Reset();
            long queued = Stopwatch.GetTimestamp();
            TimeSpan wait = default;
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    wait = Stopwatch.GetElapsedTime(queued);
                    ran.Set();
                },
                null);
            Assert.True(ran.Wait(Cranks.Deadline));
            waits.Add(wait);
        }

        Volatile.Write(ref stop, true);
        cranks.Wait(stopped.Task);
        waits.Sort();

        // The quantum is a third of a millisecond; a loaded machine adds its own time slices, and the pool would add
        // a thread after half a second only.
        Assert.True(waits[waits.Count / 2] < TimeSpan.FromMilliseconds(100), $"Half of them waited for {waits[waits.Count / 2]}.");
    }

    [Fact]
    public void A_quantum_that_is_over_moves_nobody_while_the_pool_has_nothing_else()
    {
        using var scheduler = new Scheduler(new PoolCrank(TimeSpan.FromMilliseconds(1)), seats: 1, monitored: false);
        var done = new TaskCompletionSource();
        int turns = 0;
        scheduler.Schedule(new Work(self =>
        {
            if (++turns < 200_000)
            {
                scheduler.ScheduleYielded(self);
            }
            else
            {
                done.SetResult();
            }
        }));
        Assert.True(((IAsyncResult)done.Task).AsyncWaitHandle.WaitOne(Cranks.Deadline));
        Assert.Equal(200_000, turns);
    }

    [Fact]
    public void A_worker_that_goes_to_the_end_of_the_pools_queue_loses_nothing()
    {
        // Foreign work is always pending, so every quantum ends with a hand-back.
        using var scheduler = new Scheduler(new PoolCrank(TimeSpan.Zero), seats: 2, monitored: false);
        bool stop = false;
        for (int i = 0; i < 2; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(new Work(self =>
            {
                if (!Volatile.Read(ref stop))
                {
                    ThreadPool.UnsafeQueueUserWorkItem(self, preferLocal: false);
                }
            }), preferLocal: false);
        }

        const int Chains = 8;
        const int Turns = 5_000;
        int left = Chains;
        using var done = new ManualResetEventSlim();
        for (int chain = 0; chain < Chains; chain++)
        {
            int turns = 0;
            scheduler.Schedule(new Work(self =>
            {
                if (++turns == Turns)
                {
                    if (Interlocked.Decrement(ref left) == 0)
                    {
                        done.Set();
                    }
                }
                else if (turns % 2 == 0)
                {
                    scheduler.ScheduleWoken(self);
                }
                else
                {
                    scheduler.ScheduleYielded(self);
                }
            }));
        }

        Assert.True(done.Wait(Cranks.Deadline));
        Volatile.Write(ref stop, true);
    }
}
