namespace Treeline.Tests.Execution.Scheduling;

/// <summary>No wake-up is lost: nobody sleeps while work waits. Without the monitor, which would cure it.</summary>
public sealed class WakeUpTests
{
    private const int Rounds = 20_000;

    public static TheoryData<string> WithThreads => Cranks.WithThreads;

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void Work_from_outside_against_parking(string kind)
    {
        int seed = Environment.TickCount;
        using Cranks cranks = Cranks.Open(kind, seats: 2, monitored: false);
        using var ran = new SemaphoreSlim(0);
        var item = new Work(() => ran.Release());
        var random = new Random(seed);
        for (int round = 0; round < Rounds; round++)
        {
            int burst = random.Next(1, 4);
            for (int i = 0; i < burst; i++)
            {
                cranks.Scheduler.Schedule(item);
            }

            // The worker is about to park just when the next comes: a moment earlier, or later.
            Thread.SpinWait(random.Next(200));
            for (int i = 0; i < burst; i++)
            {
                Assert.True(ran.Wait(Cranks.Deadline), $"Seed {seed}, round {round}: a wake-up was lost.");
            }
        }
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void Work_from_inside_against_parking(string kind)
    {
        // Both must run at the same time, so the second worker must be woken each time.
        int seed = Environment.TickCount;
        using Cranks cranks = Cranks.Open(kind, seats: 2, monitored: false);
        using var ran = new SemaphoreSlim(0);
        using var meeting = new Barrier(2);
        bool met = true;
        var meet = new Work(() =>
        {
            met &= meeting.SignalAndWait(Cranks.Deadline);
            ran.Release();
        });
        var spawn = new Work(() =>
        {
            cranks.Scheduler.Schedule(meet);
            cranks.Scheduler.Schedule(meet);
        });
        var random = new Random(seed);
        for (int round = 0; round < Rounds / 4; round++)
        {
            cranks.Scheduler.Schedule(spawn);
            for (int i = 0; i < 2; i++)
            {
                Assert.True(ran.Wait(Cranks.Deadline) && met, $"Seed {seed}, round {round}: a wake-up was lost.");
            }

            Thread.SpinWait(random.Next(200));
        }
    }

    [Theory]
    [MemberData(nameof(WithThreads))]
    public void Many_threads_at_once(string kind)
    {
        const int Threads = 4;
        int seed = Environment.TickCount;
        using Cranks cranks = Cranks.Open(kind, seats: 3, monitored: false);
        bool lost = false;
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(number => new Thread(() =>
        {
            using var ran = new SemaphoreSlim(0);
            var random = new Random(seed + number);
            var inner = new Work(() => ran.Release());
            var outer = new Work(() =>
            {
                cranks.Scheduler.ScheduleWoken(inner);
                cranks.Scheduler.Schedule(inner);
                cranks.Scheduler.ScheduleYielded(inner);
            });
            for (int round = 0; round < Rounds / 8 && !lost; round++)
            {
                cranks.Scheduler.Schedule(outer);
                for (int i = 0; i < 3; i++)
                {
                    lost |= !ran.Wait(Cranks.Deadline);
                }

                Thread.SpinWait(random.Next(500));
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        Assert.False(lost, $"Seed {seed}: a wake-up was lost.");
    }
}
