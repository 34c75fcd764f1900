using System.Diagnostics;
using System.IO.Pipes;

namespace Treeline.Tests.Execution.Scheduling;

/// <summary>What happens to the others when work blocks its thread.</summary>
public sealed class BlockMonitorTests
{
    private static readonly TimeSpan s_blocked = TimeSpan.FromSeconds(2);

    public static TheoryData<string, string> Blockers
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (string kind in new[] { "pool", "own" })
            {
                foreach (string how in new[] { "sleep", "result", "lock", "semaphore", "system call" })
                {
                    all.Add(kind, how);
                }
            }

            return all;
        }
    }

    public static TheoryData<string> WithThreads => Cranks.WithThreads;

    [Theory]
    [MemberData(nameof(Blockers))]
    public void As_many_blockers_as_seats_do_not_hold_up_the_others(string kind, string how)
    {
        const int Seats = 2;
        using Cranks cranks = Cranks.Open(kind, Seats);
        using var end = new Blockage(how);
        using var blocked = new CountdownEvent(Seats);
        using var back = new CountdownEvent(Seats);
        for (int i = 0; i < Seats; i++)
        {
            cranks.Scheduler.Schedule(new Work(() =>
            {
                blocked.Signal();
                end.Wait();
                back.Signal();
            }));
        }

        Assert.True(blocked.Wait(Cranks.Deadline));
        var waits = new List<TimeSpan>();
        using var ran = new ManualResetEventSlim();
        for (int i = 0; i < 100; i++)
        {
            ran.Reset();
            long scheduled = Stopwatch.GetTimestamp();
            TimeSpan wait = default;
            cranks.Scheduler.Schedule(new Work(() =>
            {
                wait = Stopwatch.GetElapsedTime(scheduled);
                ran.Set();
            }));
            Assert.True(ran.Wait(Cranks.Deadline));
            waits.Add(wait);
        }

        Assert.Equal(Seats, back.CurrentCount); // all of that while they were blocked
        Assert.True(cranks.Scheduler.Monitor!.HandOffs >= 1);
        end.Dispose();
        Assert.True(back.Wait(Cranks.Deadline));
        waits.Sort();
        Assert.True(waits[98] < TimeSpan.FromMilliseconds(200), $"p99 {waits[98]}, median {waits[50]}");
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void What_a_blocked_worker_was_to_run_next_runs_elsewhere(string kind)
    {
        using Cranks cranks = Cranks.Open(kind, seats: 1);
        using var woken = new ManualResetEventSlim();
        using var queued = new ManualResetEventSlim();
        bool both = false;
        cranks.On(() =>
        {
            cranks.Scheduler.Schedule(new Work(queued.Set));
            cranks.Scheduler.ScheduleWoken(new Work(woken.Set));
            both = woken.Wait(Cranks.Deadline) && queued.Wait(Cranks.Deadline);
        });
        Assert.True(both);
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void What_work_schedules_after_it_was_given_up_runs_elsewhere_too(string kind)
    {
        using Cranks cranks = Cranks.Open(kind, seats: 1);
        using var ran = new SemaphoreSlim(0);
        bool all = true;
        cranks.On(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                cranks.Scheduler.ScheduleWoken(new Work(() => ran.Release()));
                all &= ran.Wait(Cranks.Deadline);
            }
        });
        Assert.True(all);
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void Seats_are_never_exceeded_by_work_that_does_not_block(string kind)
    {
        // Blockers come and go; of those that come back, only as many as there are seats go on.
        const int Seats = 2;
        using Cranks cranks = Cranks.Open(kind, Seats);
        using var end = new ManualResetEventSlim();
        using var back = new CountdownEvent(8);
        for (int i = 0; i < 8; i++)
        {
            cranks.Scheduler.Schedule(new Work(() =>
            {
                end.Wait(Cranks.Deadline);
                back.Signal();
            }));
        }

        Assert.True(SpinWait.SpinUntil(() => cranks.Scheduler.Idle.Blocked >= 8 - Seats, Cranks.Deadline));
        end.Set();
        Assert.True(back.Wait(Cranks.Deadline));
        for (int i = 0; i < 1_000; i++)
        {
            cranks.On(() => Assert.InRange(cranks.Scheduler.Idle.Unparked, 1, Seats));
        }

        Assert.True(SpinWait.SpinUntil(() => cranks.Scheduler.Idle.AllParked, Cranks.Deadline));
        Assert.Equal(0, cranks.Scheduler.Idle.Blocked);
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void Spare_workers_go_when_they_are_not_needed_any_more(string kind)
    {
        const int Seats = 2;
        using Cranks cranks = Cranks.Open(kind, Seats, sparePatience: TimeSpan.FromMilliseconds(20));
        for (int round = 0; round < 3; round++)
        {
            using var end = new ManualResetEventSlim();
            using var back = new CountdownEvent(6);
            for (int i = 0; i < 6; i++)
            {
                cranks.Scheduler.Schedule(new Work(() =>
                {
                    end.Wait(Cranks.Deadline);
                    back.Signal();
                }));
            }

            Assert.True(SpinWait.SpinUntil(() => cranks.Scheduler.Idle.All.Length >= 6, Cranks.Deadline));
            end.Set();
            Assert.True(back.Wait(Cranks.Deadline));
            Assert.True(SpinWait.SpinUntil(() => cranks.Scheduler.Idle.All.Length == Seats, Cranks.Deadline));
        }
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void Work_that_comes_when_an_idle_scheduler_gives_up_a_blocked_worker_runs(string kind)
    {
        // After 50 ms a stuck worker loses its seat though nothing waits: just then something comes.
        int seed = Environment.TickCount;
        using Cranks cranks = Cranks.Open(kind, seats: 1);
        var random = new Random(seed);
        for (int round = 0; round < 20; round++)
        {
            using var blocked = new ManualResetEventSlim();
            using var end = new ManualResetEventSlim();
            using var ran = new ManualResetEventSlim();
            cranks.Scheduler.Schedule(new Work(() =>
            {
                blocked.Set();
                end.Wait(Cranks.Deadline);
            }));
            Assert.True(blocked.Wait(Cranks.Deadline));
            var most = TimeSpan.FromMilliseconds(45 + random.Next(25));
            SpinWait.SpinUntil(() => cranks.Scheduler.Idle.Blocked > 0, most);
            cranks.Scheduler.Schedule(new Work(ran.Set));
            Assert.True(ran.Wait(Cranks.Deadline), $"Seed {seed}, round {round}: it was not run.");
            end.Set();
        }
    }

    [Fact]
    public void A_starved_thread_pool_does_not_keep_workers_from_starting()
    {
        using Cranks cranks = Cranks.Open("pool");
        using var end = new ManualResetEventSlim();
        ThreadPool.GetMaxThreads(out int maxBefore, out int ioBefore);
        ThreadPool.GetMinThreads(out int min, out _);
        int most = Math.Max(min, ThreadPool.ThreadCount);
        using var left = new CountdownEvent(most);
        Assert.True(ThreadPool.SetMaxThreads(most, ioBefore));
        try
        {
            for (int i = 0; i < most; i++)
            {
                ThreadPool.UnsafeQueueUserWorkItem(
                    _ =>
                    {
                        end.Wait(Cranks.Deadline);
                        left.Signal();
                    },
                    null);
            }

            bool spare = false;
            using var ran = new ManualResetEventSlim();
            Assert.True(SpinWait.SpinUntil(
                () =>
                {
                    ran.Reset();
                    cranks.Scheduler.Schedule(new Work(() =>
                    {
                        spare = !Thread.CurrentThread.IsThreadPoolThread;
                        ran.Set();
                    }));
                    return ran.Wait(Cranks.Deadline) && spare;
                },
                Cranks.Deadline));
        }
        finally
        {
            end.Set();
            Assert.True(left.Wait(Cranks.Deadline));
            ThreadPool.SetMaxThreads(maxBefore, ioBefore);
        }
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void Work_that_computes_does_not_call_up_a_thread_for_each_item(string kind)
    {
        int cores = Environment.ProcessorCount;
        using Cranks cranks = Cranks.Open(kind, cores);
        using var done = new CountdownEvent(20 * cores);
        for (int i = 0; i < 20 * cores; i++)
        {
            cranks.Scheduler.Schedule(new Work(() =>
            {
                long start = Stopwatch.GetTimestamp();
                while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromMilliseconds(20))
                {
                    Thread.SpinWait(100);
                }

                done.Signal();
            }));
        }

        Assert.True(done.Wait(Cranks.Deadline));

        // On a machine that others use too it cannot tell, but it hesitates longer and longer.
        Assert.InRange(cranks.Scheduler.Idle.All.Length, cores, 8 * cores);
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void It_sleeps_while_there_is_nothing_to_watch(string kind)
    {
        using Cranks cranks = Cranks.Open(kind);
        BlockMonitor monitor = cranks.Scheduler.Monitor!;
        for (int round = 0; round < 3; round++)
        {
            cranks.On(static () => { });
            Assert.True(SpinWait.SpinUntil(() => monitor.IsAsleep, Cranks.Deadline));
            long looks = monitor.Looks;
            Assert.False(SpinWait.SpinUntil(() => monitor.Looks != looks, TimeSpan.FromMilliseconds(50)));
        }
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void It_sleeps_while_all_that_runs_is_blocked_and_nothing_waits(string kind)
    {
        using Cranks cranks = Cranks.Open(kind);
        using var end = new ManualResetEventSlim();
        cranks.Scheduler.Schedule(new Work(() => end.Wait(Cranks.Deadline)));
        BlockMonitor monitor = cranks.Scheduler.Monitor!;
        Assert.True(SpinWait.SpinUntil(() => monitor.IsAsleep && cranks.Scheduler.Idle.Blocked == 1, Cranks.Deadline));
        cranks.On(static () => { });
        end.Set();
    }

    /// <summary>A way to block a thread until it is disposed.</summary>
    private sealed class Blockage(string how) : IDisposable
    {
        private readonly TaskCompletionSource<int> _result = new();
        private readonly Lock _lock = new();
        private readonly SemaphoreSlim _semaphore = new(0);
        private readonly List<AnonymousPipeServerStream> _pipes = [];
        private readonly ManualResetEventSlim _end = new();
        private Thread? _holder;
        private bool _ended;

        public void Wait()
        {
            switch (how)
            {
                case "sleep":
                    Thread.Sleep(s_blocked);
                    break;
                case "result":
                    _result.Task.GetAwaiter().GetResult();
                    break;
                case "lock":
                    Hold();
                    lock (_lock)
                    {
                    }

                    break;
                case "semaphore":
                    _semaphore.Wait();
                    _semaphore.Release();
                    break;
                default:
                    // One pipe a reader: two that first read one pipe at once wrap its descriptor twice, and the
                    // wrapper that loses is disposed of, which interrupts the other's read.
                    var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
                    var reader = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle);
                    lock (_pipes)
                    {
                        _pipes.Add(pipe);
                        if (_ended)
                        {
                            pipe.WriteByte(0);
                        }
                    }

                    Assert.Equal(1, reader.Read(new byte[1])); // a plain read(2), until something is written
                    GC.KeepAlive(pipe); // its finalizer would interrupt the reader
                    break;
            }
        }

        public void Dispose()
        {
            _result.TrySetResult(0);
            _end.Set();
            _semaphore.Release();
            lock (_pipes)
            {
                if (!_ended)
                {
                    _pipes.ForEach(pipe => pipe.WriteByte(0)); // and not closed, which would interrupt those that read
                }

                _ended = true;
            }
        }

        private void Hold()
        {
            using var held = new ManualResetEventSlim();
            lock (_result)
            {
                if (_holder is not null)
                {
                    return;
                }

                _holder = new Thread(() =>
                {
                    lock (_lock)
                    {
                        held.Set();
                        _end.Wait();
                    }
                });
                _holder.Start();
                held.Wait();
            }
        }
    }
}
