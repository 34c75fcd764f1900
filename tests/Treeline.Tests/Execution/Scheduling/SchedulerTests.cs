namespace Treeline.Tests.Execution.Scheduling;

/// <summary>What holds whoever turns the crank.</summary>
public sealed class SchedulerTests
{
    private static readonly AsyncLocal<string?> s_local = new();

    public static TheoryData<string> All => Cranks.All;

    public static TheoryData<string> WithThreads => Cranks.WithThreads;

    [Theory]
    [MemberData(nameof(All))]
    public void Spawned_work_runs_in_the_order_it_came(string kind)
    {
        using Cranks cranks = Cranks.Open(kind, seats: 1);
        var order = new List<int>();
        var done = new TaskCompletionSource();
        cranks.Scheduler.Schedule(new Work(() =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                int number = i;
                cranks.Scheduler.Schedule(new Work(() => order.Add(number)));
            }

            cranks.Scheduler.Schedule(new Work(done.SetResult));
        }));
        cranks.Wait(done.Task);
        Assert.Equal(Enumerable.Range(0, 1_000), order);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Woken_work_runs_before_what_is_queued_but_only_three_times_in_a_row(string kind)
    {
        using Cranks cranks = Cranks.Open(kind, seats: 1);
        var order = new List<string>();
        var done = new TaskCompletionSource();
        int rounds = 0;
        cranks.Scheduler.Schedule(new Work(() =>
        {
            cranks.Scheduler.Schedule(new Work(() => order.Add("queued")));
            cranks.Scheduler.ScheduleWoken(new Work(self =>
            {
                order.Add("woken");
                if (++rounds < 6)
                {
                    cranks.Scheduler.ScheduleWoken(self);
                }
                else
                {
                    done.SetResult();
                }
            }));
        }));
        cranks.Wait(done.Task);
        Assert.Equal(["woken", "woken", "woken", "queued", "woken", "woken", "woken"], order);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Work_that_is_displaced_from_the_slot_is_queued(string kind)
    {
        using Cranks cranks = Cranks.Open(kind, seats: 1);
        var order = new List<int>();
        var done = new TaskCompletionSource();
        cranks.Scheduler.Schedule(new Work(() =>
        {
            cranks.Scheduler.ScheduleWoken(new Work(() => order.Add(1)));
            cranks.Scheduler.ScheduleWoken(new Work(() => order.Add(2)));
            cranks.Scheduler.Schedule(new Work(done.SetResult));
        }));
        cranks.Wait(done.Task);
        Assert.Equal([2, 1], order);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Work_that_always_yields_lets_what_came_later_run_at_once(string kind)
    {
        using Cranks cranks = Cranks.Open(kind, seats: 1);
        var done = new TaskCompletionSource();
        int turns = 0;
        int turnsBetween = -1;
        bool stop = false;
        cranks.Scheduler.Schedule(new Work(self =>
        {
            turns++;
            if (turns == 1_000)
            {
                cranks.Scheduler.Schedule(new Work(() =>
                {
                    turnsBetween = turns - 1_000;
                    stop = true;
                    done.SetResult();
                }));
            }

            if (!stop)
            {
                cranks.Scheduler.ScheduleYielded(self);
            }
        }));
        cranks.Wait(done.Task);
        Assert.Equal(0, turnsBetween);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_injector_is_looked_at_while_the_queue_is_never_empty(string kind)
    {
        using Cranks cranks = Cranks.Open(kind, seats: 1, monitored: false);
        var done = new TaskCompletionSource();
        int turns = 0;
        int turnsBetween = -1;
        bool stop = false;
        var greedy = new Work(self =>
        {
            turns++;
            if (turns == 1_000)
            {
                // From a thread that is none of the scheduler's.
                var foreign = new Thread(() => cranks.Scheduler.Schedule(new Work(() =>
                {
                    turnsBetween = turns - 1_000;
                    stop = true;
                    done.SetResult();
                })));
                foreign.Start();
                foreign.Join();
            }

            if (!stop)
            {
                cranks.Scheduler.ScheduleYielded(self);
            }
        });
        cranks.Scheduler.Schedule(new Work(() =>
        {
            cranks.Scheduler.Schedule(greedy);
            cranks.Scheduler.Schedule(new Work(self =>
            {
                if (!stop)
                {
                    cranks.Scheduler.ScheduleYielded(self);
                }
            }));
        }));
        cranks.Wait(done.Task);
        Assert.InRange(turnsBetween, 0, 61);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Every_dispatch_begins_with_a_full_budget(string kind)
    {
        using Cranks cranks = Cranks.Open(kind);
        cranks.On(static () => WorkerThread.Current.Budget = 0);
        int budget = 0;
        cranks.On(() => budget = WorkerThread.Current.Budget);
        Assert.Equal(WorkerThread.FullBudget, budget);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Contexts_that_work_leaves_behind_do_not_reach_the_next(string kind)
    {
        using Cranks cranks = Cranks.Open(kind, seats: 1);
        var done = new TaskCompletionSource();
        string? local = "not looked at";
        SynchronizationContext? before = null;
        SynchronizationContext? after = null;
        bool suppressed = true;
        cranks.Scheduler.Schedule(new Work(() =>
        {
            before = SynchronizationContext.Current;
            cranks.Scheduler.Schedule(new Work(() =>
            {
                local = s_local.Value;
                after = SynchronizationContext.Current;
                suppressed = ExecutionContext.IsFlowSuppressed();
                done.SetResult();
            }));
            s_local.Value = "mine";
            SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
            ExecutionContext.SuppressFlow();
        }));
        cranks.Wait(done.Task);
        Assert.Null(local);
        Assert.Same(before, after);
        Assert.False(suppressed);
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void Work_spreads_over_the_workers(string kind)
    {
        const int Seats = 3;
        using Cranks cranks = Cranks.Open(kind, Seats, monitored: false);
        using var meeting = new Barrier(Seats);
        Task[] met = [.. Enumerable.Range(0, Seats).Select(static _ => new TaskCompletionSource()).Select(done =>
        {
            cranks.Scheduler.Schedule(new Work(() =>
            {
                Assert.True(meeting.SignalAndWait(Cranks.Deadline));
                done.SetResult();
            }));
            return done.Task;
        })];
        cranks.Wait(Task.WhenAll(met));

        // And when one of them spawns the rest.
        var all = new TaskCompletionSource();
        int left = Seats;
        cranks.On(() =>
        {
            for (int i = 0; i < Seats; i++)
            {
                cranks.Scheduler.Schedule(new Work(() =>
                {
                    Assert.True(meeting.SignalAndWait(Cranks.Deadline));
                    if (Interlocked.Decrement(ref left) == 0)
                    {
                        all.SetResult();
                    }
                }));
            }
        });
        cranks.Wait(all.Task);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Stopping_runs_what_is_queued_and_refuses_more(string kind)
    {
        Cranks cranks = Cranks.Open(kind);
        int ran = 0;
        for (int i = 0; i < 1_000; i++)
        {
            cranks.Scheduler.Schedule(new Work(() =>
            {
                Interlocked.Increment(ref ran);
                cranks.Scheduler.Schedule(new Work(() => Interlocked.Increment(ref ran)));
            }));
        }

        cranks.Dispose();
        Assert.Equal(2_000, ran);
        Assert.Throws<ObjectDisposedException>(() => cranks.Scheduler.Schedule(new Work(static () => { })));

        // What has begun is not lost: it goes on on the thread pool.
        using var wentOn = new CountdownEvent(2);
        cranks.Scheduler.ScheduleWoken(new Work(() => wentOn.Signal()));
        cranks.Scheduler.ScheduleYielded(new Work(() => wentOn.Signal()));
        Assert.True(wentOn.Wait(TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Work_cannot_stop_the_scheduler_that_it_runs_on(string kind)
    {
        using Cranks cranks = Cranks.Open(kind);
        cranks.On(() => Assert.Throws<InvalidOperationException>(cranks.Scheduler.Dispose));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Work_of_one_scheduler_can_schedule_on_another(string kind)
    {
        using Cranks cranks = Cranks.Open(kind);
        using Cranks other = Cranks.Open("own");
        var done = new TaskCompletionSource();
        Scheduler? on = null;
        cranks.On(() => other.Scheduler.Schedule(new Work(() =>
        {
            on = WorkerThread.Current.Worker?.Scheduler;
            done.SetResult();
        })));
        cranks.Wait(done.Task);
        Assert.Same(other.Scheduler, on);
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void Warm_scheduling_allocates_nothing(string kind)
    {
        using Cranks cranks = Cranks.Open(kind, seats: 1);
        long bytes = 0;
        for (int round = 0; round < 2; round++)
        {
            var done = new TaskCompletionSource();
            int turns = 0;
            long before = 0;
            cranks.Scheduler.Schedule(new Work(self =>
            {
                // On the same thread from first to last: the quantum is the only thing that could move it.
                before = turns == 0 ? GC.GetAllocatedBytesForCurrentThread() : before;
                if (turns++ < 999)
                {
                    switch (turns % 3)
                    {
                        case 0:
                            cranks.Scheduler.Schedule(self);
                            break;
                        case 1:
                            cranks.Scheduler.ScheduleWoken(self);
                            break;
                        default:
                            cranks.Scheduler.ScheduleYielded(self);
                            break;
                    }
                }
                else
                {
                    bytes = GC.GetAllocatedBytesForCurrentThread() - before;
                    done.SetResult();
                }
            }));
            cranks.Wait(done.Task);
        }

        Assert.True(bytes <= 0, $"{bytes} bytes");
    }
}
