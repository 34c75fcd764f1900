namespace Treeline.Tests.Sync;

/// <summary>Two things that happen at once, many times: each on a thread of its own, begun together.</summary>
internal static class Duel
{
    private const int Rounds = 2_000;

    /// <param name="begin">Prepares a round.</param>
    /// <param name="left">On one thread.</param>
    /// <param name="right">On the other.</param>
    /// <param name="end">Looks at what came of it, with the number of the round.</param>
    public static void Fight(Action begin, Action left, Action right, Action<int> end)
    {
        using var together = new Barrier(2);
        Exception? error = null;
        bool over = false;
        var random = new Random(1);
        var other = new Thread(() =>
        {
            while (true)
            {
                together.SignalAndWait();
                if (Volatile.Read(ref over))
                {
                    return;
                }

                try
                {
                    left();
                }
                catch (Exception e)
                {
                    error = e;
                }

                together.SignalAndWait();
            }
        })
        {
            IsBackground = true,
        };
        other.UnsafeStart();
        try
        {
            for (int round = 0; round < Rounds; round++)
            {
                begin();
                together.SignalAndWait();
                Thread.SpinWait(random.Next(60));
                right();
                together.SignalAndWait();
                Assert.Null(error);
                end(round);
            }
        }
        finally
        {
            Volatile.Write(ref over, true);
            if (error is null)
            {
                together.SignalAndWait(TimeSpan.FromSeconds(1));
            }
        }
    }
}
