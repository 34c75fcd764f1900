namespace Treeline.Tests.Execution.Scheduling;

public sealed class WorkQueueTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_does_what_a_plain_queue_does(int seed)
    {
        var random = new Random(seed);
        var queue = new WorkQueue();
        var other = new WorkQueue();
        var model = new Queue<IThreadPoolWorkItem>();
        var otherModel = new Queue<IThreadPoolWorkItem>();
        for (int step = 0; step < 200_000; step++)
        {
            // Now more is put in, now more is taken out, so that it grows and runs empty again and again.
            bool filling = step / 5_000 % 2 == 0;
            switch (random.Next(filling ? 3 : 5))
            {
                case 0 or 1 when filling:
                case 0:
                    var item = new Work(static () => { });
                    queue.Push(item);
                    model.Enqueue(item);
                    break;
                case 4 when random.Next(20) == 0 && otherModel.Count == 0:
                    IThreadPoolWorkItem? stolen = queue.StealInto(other);
                    int half = Math.Min(model.Count - (model.Count / 2), 256);
                    Assert.Same(half == 0 ? null : model.Dequeue(), stolen);
                    for (int i = 1; i < half; i++)
                    {
                        otherModel.Enqueue(model.Dequeue());
                    }

                    break;
                default:
                    Assert.Same(model.TryDequeue(out IThreadPoolWorkItem? expected) ? expected : null, queue.Pop());
                    Assert.Same(otherModel.TryDequeue(out IThreadPoolWorkItem? others) ? others : null, other.Pop());
                    break;
            }

            Assert.Equal(model.Count, queue.Count);
            Assert.Equal(model.Count > 0, queue.HasWork);
        }
    }

    [Fact]
    public void Nothing_is_lost_or_taken_twice_by_real_thieves_while_it_grows()
    {
        const int Items = 300_000;
        const int Thieves = 3;
        int seed = Environment.TickCount;
        var queue = new WorkQueue();
        int[] taken = new int[Items];
        int left = Items;
        void Take(IThreadPoolWorkItem item)
        {
            Interlocked.Increment(ref taken[((Numbered)item).Number]);
            Interlocked.Decrement(ref left);
        }

        Thread[] thieves = [.. Enumerable.Range(0, Thieves).Select(_ => new Thread(() =>
        {
            var own = new WorkQueue();
            while (Volatile.Read(ref left) > 0)
            {
                if (queue.StealInto(own) is { } first)
                {
                    Take(first);
                    while (own.Pop() is { } next)
                    {
                        Take(next);
                    }
                }
                else
                {
                    Thread.Yield();
                }
            }
        }))];
        Array.ForEach(thieves, static thief => thief.Start());
        var random = new Random(seed);
        for (int pushed = 0; pushed < Items;)
        {
            for (int burst = random.Next(3_000); burst > 0 && pushed < Items; burst--)
            {
                queue.Push(new Numbered(pushed++));
            }

            for (int burst = random.Next(3_000); burst > 0 && queue.Pop() is { } item; burst--)
            {
                Take(item);
            }
        }

        while (Volatile.Read(ref left) > 0)
        {
            if (queue.Pop() is { } item)
            {
                Take(item);
            }
        }

        Array.ForEach(thieves, static thief => thief.Join());
        Assert.True(taken.All(static times => times == 1), $"Seed {seed}: something was lost or taken twice.");
    }

    [Fact]
    public void What_was_taken_is_not_kept_alive()
    {
        var queue = new WorkQueue();
        var thief = new WorkQueue();
        WeakReference[] items = Fill(queue);
        Assert.NotNull(queue.StealInto(thief));
        foreach (WorkQueue each in new[] { queue, thief })
        {
            while (each.Pop() is not null)
            {
            }
        }

        GC.Collect();
        Assert.DoesNotContain(items, static item => item.IsAlive);
        GC.KeepAlive(queue);
        GC.KeepAlive(thief);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference[] Fill(WorkQueue queue)
        {
            Numbered[] items = [.. Enumerable.Range(0, 1_000).Select(static number => new Numbered(number))];
            Array.ForEach(items, queue.Push);
            return [.. items.Select(static item => new WeakReference(item))];
        }
    }

    private sealed class Numbered(int number) : IThreadPoolWorkItem
    {
        public int Number { get; } = number;

        public void Execute()
        {
        }
    }
}
