namespace Treeline.Tests.Execution.Waiting;

/// <summary>
/// Senders and receivers on threads of their own, who give up at random: by their token, by their deadline, or not. Every
/// item is received once or still there, every wait ends, and each receiver gets what one sender sent in order.
/// </summary>
public sealed class WaiterStressTests
{
    private const int Threads = 2;
    private const int Rounds = 20_000;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Nothing_is_lost_or_given_twice()
    {
        int seed = Environment.GetEnvironmentVariable("TREELINE_SEED") is { } given
            ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture)
            : Environment.TickCount;
        var mailbox = new Mailbox();
        var received = new List<int>[Threads];
        var errors = new List<string>();
        Thread[] threads =
        [
            .. Enumerable.Range(0, Threads).Select(number => Start(() =>
            {
                received[number] = [];
                Receive(mailbox, new Random(seed + number), received[number]);
            })),
            .. Enumerable.Range(0, Threads).Select(number => Start(() =>
                Send(mailbox, new Random(seed + Threads + number), number * Rounds))),
        ];
        Array.ForEach(threads, static thread => thread.Join());
        Assert.True(errors.Count == 0, $"Seed {seed}: {string.Join(Environment.NewLine, errors)}");
        Assert.False(mailbox.HasWaiters, $"Seed {seed}: somebody is left in line.");
        List<int> all = [.. received.SelectMany(static items => items), .. mailbox.Items];
        all.Sort();
        Assert.True(
            all.SequenceEqual(Enumerable.Range(0, Threads * Rounds)),
            $"Seed {seed}: {all.Count} items, {all.Distinct().Count()} different, of {Threads * Rounds}.");
        foreach (List<int> items in received)
        {
            for (int sender = 0; sender < Threads; sender++)
            {
                List<int> ofSender = items.FindAll(item => item / Rounds == sender);
                Assert.True(ofSender.SequenceEqual(ofSender.Order()), $"Seed {seed}: sender {sender}'s items changed places.");
            }
        }

        Thread Start(Action run)
        {
            var thread = new Thread(() =>
            {
                using OnAWorker _ = OnAWorker.Enter();
                try
                {
                    run();
                }
                catch (Exception e)
                {
                    lock (errors)
                    {
                        errors.Add(e.ToString());
                    }
                }
            })
            {
                IsBackground = true,
            };
            thread.UnsafeStart();
            return thread;
        }
    }

    private static void Send(Mailbox mailbox, Random random, int first)
    {
        for (int i = 0; i < Rounds; i++)
        {
            mailbox.Send(first + i);
            Thread.SpinWait(random.Next(100));
        }
    }

    private static void Receive(Mailbox mailbox, Random random, List<int> received)
    {
        using var resumption = new Resumption();
        for (int i = 0; i < Rounds; i++)
        {
            using var source = new CancellationTokenSource();
            int how = random.Next(4);

            // So that it ends even when the senders are done.
            TimeSpan timeout = how == 0 ? TimeSpan.FromMilliseconds(random.Next(2)) : TimeSpan.FromMilliseconds(20);
            WaitAwaitable<int> wait = how == 3
                ? mailbox.Receive(TimeProvider.System, timeout)
                : mailbox.Receive(TimeProvider.System, timeout, source.Token);
            if (how == 1)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static source => Cancel(source), source, preferLocal: false);
            }
            else if (how == 2)
            {
                source.Cancel();
            }

            try
            {
                received.Add(resumption.Await(wait));
            }
            catch (Exception e) when (e is OperationCanceledException or TimeoutException)
            {
                // Gave up.
            }
        }
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Too late.
        }
    }

    /// <summary>Blocks its thread until it is resumed, and checks that it is once.</summary>
    private sealed class Resumption : Executor, IThreadPoolWorkItem, IDisposable
    {
        private readonly SemaphoreSlim _resumed = new(0);

        public override void Schedule(IThreadPoolWorkItem work) => _resumed.Release();

        public int Await(WaitAwaitable<int> wait)
        {
            if (!wait.IsCompleted)
            {
                ((IWorkItemAwaiter)wait).OnCompleted(this, this);
                Assert.True(_resumed.Wait(s_patience), "Nobody resumed a wait.");
                Assert.Equal(0, _resumed.CurrentCount);
            }

            return wait.GetResult();
        }

        public void Execute() => throw new InvalidOperationException("The thread goes on by itself.");

        public void Dispose() => _resumed.Dispose();
    }
}
