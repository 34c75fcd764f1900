namespace Treeline.Tests.Execution.Scheduling;

/// <summary>Random work that spawns, wakes, yields and blocks, while threads come and go: each item runs exactly once.</summary>
public sealed class SchedulerStressTests
{
    private const int Items = 40_000;

    [Theory]
    [InlineData("pool", 1)]
    [InlineData("pool", 3)]
    [InlineData("own", 1)]
    [InlineData("own", 3)]
    public void Every_item_runs_once(string kind, int seats)
    {
        int seed = Environment.TickCount;
        Crank crank = kind == "pool"
            ? new PoolCrank(TimeSpan.FromMicroseconds(50))
            : new OwnThreadsCrank("test worker", TimeSpan.FromMilliseconds(5));
        using var scheduler = new Scheduler(crank, seats, sparePatience: TimeSpan.FromMilliseconds(5));
        var program = new Program(scheduler, seed);
        Thread[] outside = [.. Enumerable.Range(0, 2).Select(_ => new Thread(program.SpawnFromOutside))];
        Array.ForEach(outside, static thread => thread.Start());
        Assert.True(program.Done.Wait(Cranks.Deadline), $"Seed {seed}: {program.Left} of {Items} items did not run.");
        Array.ForEach(outside, static thread => thread.Join());
        Assert.True(program.Runs.All(static runs => runs == 1), $"Seed {seed}: an item ran twice.");
        Assert.True(SpinWait.SpinUntil(() => scheduler.Idle.AllParked, Cranks.Deadline), $"Seed {seed}: seats were lost.");
        Assert.False(scheduler.HasWork, $"Seed {seed}");
    }

    private sealed class Program(Scheduler scheduler, int seed)
    {
        private int _next = -1;
        private int _left = Items;

        public int[] Runs { get; } = new int[Items];

        public ManualResetEventSlim Done { get; } = new();

        public int Left => Volatile.Read(ref _left);

        public void SpawnFromOutside()
        {
            var random = new Random(seed);
            while (Spawn(random.Next(3)))
            {
                if (random.Next(20) == 0)
                {
                    Thread.SpinWait(random.Next(5_000)); // long enough for workers to park now and then
                }
            }
        }

        private bool Spawn(int how)
        {
            int number = Interlocked.Increment(ref _next);
            if (number >= Items)
            {
                return false;
            }

            var item = new Work(() => Run(number));
            switch (how)
            {
                case 0:
                    scheduler.Schedule(item);
                    break;
                case 1:
                    scheduler.ScheduleWoken(item);
                    break;
                default:
                    scheduler.ScheduleYielded(item);
                    break;
            }

            return true;
        }

        private void Run(int number)
        {
            Interlocked.Increment(ref Runs[number]);
            var random = new Random(seed ^ number);
            for (int children = random.Next(4); children > 0; children--)
            {
                Spawn(random.Next(3));
            }

            switch (random.Next(400))
            {
                case 0:
                    Thread.Sleep(random.Next(6)); // blocks its thread: that is what is tested
                    break;
                case < 20:
                    Thread.SpinWait(random.Next(20_000));
                    break;
            }

            for (int children = random.Next(2); children > 0; children--)
            {
                Spawn(random.Next(3));
            }

            if (Interlocked.Decrement(ref _left) == 0)
            {
                Done.Set();
            }
        }
    }
}
