namespace Treeline.Tests.Execution.Scheduling;

public sealed class LifoSlotTests
{
    private const int Items = 300_000;

    private static readonly Work s_one = new(static () => { });
    private static readonly Work s_other = new(static () => { });

    private LifoSlot _slot;

    [Fact]
    public void What_is_put_in_is_taken_once()
    {
        Assert.False(_slot.HasWork);
        Assert.Null(_slot.Put(s_one));
        Assert.True(_slot.HasWork);
        Assert.True(_slot.TryTake(out IThreadPoolWorkItem? work));
        Assert.Same(s_one, work);
        Assert.False(_slot.TryTake(out _));
        Assert.Null(_slot.Steal());
    }

    [Fact]
    public void What_comes_later_displaces_what_was_there()
    {
        Assert.Null(_slot.Put(s_one));
        Assert.Same(s_one, _slot.Put(s_other));
        Assert.Same(s_other, _slot.Steal());
        Assert.False(_slot.HasWork);
    }

    [Fact]
    public void Between_an_owner_and_thieves_nothing_is_lost_or_taken_twice()
    {
        int seed = Environment.TickCount;
        int[] taken = new int[Items];
        bool done = false;
        Thread[] thieves = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                Count(_slot.Steal());
            }
        }))];
        Array.ForEach(thieves, static thief => thief.Start());
        var random = new Random(seed);
        for (int i = 0; i < Items; i++)
        {
            Count(_slot.Put(new Numbered(i)));
            if (random.Next(2) == 0 && _slot.TryTake(out IThreadPoolWorkItem? work))
            {
                Count(work);
            }
        }

        Volatile.Write(ref done, true);
        Array.ForEach(thieves, static thief => thief.Join());
        Count(_slot.Steal());
        Assert.True(Array.TrueForAll(taken, static times => times == 1), $"seed {seed}");

        void Count(IThreadPoolWorkItem? work)
        {
            if (work is Numbered numbered)
            {
                Interlocked.Increment(ref taken[numbered.Number]);
            }
        }
    }

    private sealed class Numbered(int number) : IThreadPoolWorkItem
    {
        public int Number => number;

        public void Execute()
        {
        }
    }
}
