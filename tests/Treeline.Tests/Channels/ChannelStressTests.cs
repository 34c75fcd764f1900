using System.Diagnostics;
using System.Threading.Channels;
using Treeline.TestSupport.Channels;
using Treeline.TestSupport.Linearizability;

namespace Treeline.Tests.Channels;

/// <summary>
/// Many short histories on real threads, each explained by an order of its calls; and long runs with cancellation, in which no
/// item is lost or doubled and each sender's items stay in order.
/// </summary>
public sealed class ChannelStressTests
{
    private static readonly TimeSpan s_time = TimeSpan.FromMilliseconds(600);

    [Theory]
    [InlineData(1, FullMode.Wait)]
    [InlineData(2, FullMode.DropOldest)]
    [InlineData(1, FullMode.DropNewest)]
    public Task Histories_of_mpsc_are_linearizable(int capacity, FullMode whenFull) => RunAsync(async random =>
    {
        var history = new History();
        var undelivered = new List<string>();
        var received = new List<string>();
        var sent = new List<string>();
        (MpscSender<string> sender, MpscReceiver<string> receiver) = Mpsc.Bounded<string>(capacity, whenFull, item => Add(undelivered, item));
        using var gone = new CancellationTokenSource();
        int cancelAt = random.Next(6);
        MpscSender<string> other = sender.Clone();
        history.Invoke("end");
        await Together(
            () => SendAsync(sender, 0),
            () => SendAsync(other, 3),
            () => ReceiveAsync(gone.Token),
            () => ReceiveAsync(CancellationToken.None));
        Assert.Equal(sent.Order(), received.Concat(undelivered).Order());
        LinearizabilityChecker.Check(history, new MpscModel(capacity, whenFull));

        async Task SendAsync(MpscSender<string> mine, int first)
        {
            using (mine)
            {
                for (int i = first; i < first + 3; i++)
                {
                    string item = $"{i}";
                    if (i == cancelAt)
                    {
                        gone.Cancel();
                    }

                    if (i % 3 == 2)
                    {
                        if (history.Record("try send", item, () => mine.TrySend(item)) is SendResult.Sent or SendResult.Dropped)
                        {
                            Add(sent, item);
                        }

                        continue;
                    }

                    try
                    {
                        await history.RecordAsync("send", item, () => mine.SendAsync(item, i % 3 == 1 ? gone.Token : default));
                        Add(sent, item);
                    }
                    catch (OperationCanceledException)
                    {
                        // Not sent.
                    }
                }
            }
        }

        async Task ReceiveAsync(CancellationToken token)
        {
            while (true)
            {
                try
                {
                    string item = await history.RecordAsync("receive", null, () => ReceiveOneAsync(token));
                    if (item == MpscModel.Over)
                    {
                        return;
                    }

                    Add(received, item);
                }
                catch (OperationCanceledException)
                {
                    token = default;
                }
            }
        }

        async ValueTask<string> ReceiveOneAsync(CancellationToken token)
        {
            try
            {
                return await receiver.ReceiveAsync(token);
            }
            catch (ChannelClosedException)
            {
                return MpscModel.Over;
            }
        }
    });

    [Fact]
    public Task Histories_of_broadcasts_are_linearizable() => RunAsync(async random =>
    {
        int capacity = random.Next(1, 4);
        BroadcastSender<int> sender = Broadcast.Create<int>(capacity);
        BroadcastReceiver<int>[] receivers = [sender.Subscribe(), sender.Subscribe()];
        await FanOut(
            new FanOutModel(capacity, receivers: 2),
            item => sender.Send(item),
            sender.Dispose,
            (receiver, token) => receivers[receiver].ReceiveAsync(token));
    });

    [Fact]
    public Task Histories_of_watches_are_linearizable() => RunAsync(async _ =>
    {
        WatchSender<int> sender = Watch.Create(-1);
        WatchReceiver<int>[] receivers = [sender.Subscribe(), sender.Subscribe()];
        await FanOut(
            new FanOutModel(capacity: 1, receivers: 2, skipsQuietly: true),
            sender.Send,
            sender.Dispose,
            (receiver, token) => receivers[receiver].ChangedAsync(token));
    });

    [Fact]
    public Task Histories_of_oneshots_are_linearizable() => RunAsync(async random =>
    {
        int handedBack = 0;
        int received = 0;
        bool sent = false;
        (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>(_ => Interlocked.Increment(ref handedBack));
        var history = new History();
        using var gone = new CancellationTokenSource();
        bool sends = random.Next(4) > 0;
        await Together(
            () =>
            {
                if (sends)
                {
                    sent = history.Record("send", 1, () => sender.TrySend(1));
                }

                Drop("drop sender", sender);
                return Task.CompletedTask;
            },
            () =>
            {
                gone.Cancel();
                Drop("drop receiver", receiver);
                return Task.CompletedTask;
            },
            () => ReceiveAsync(gone.Token),
            () => ReceiveAsync(CancellationToken.None));
        Assert.Equal(sent ? 1 : 0, received + handedBack);
        LinearizabilityChecker.Check(history, new OneshotModel());

        void Drop(string name, IDisposable end)
        {
            Operation drop = history.Invoke(name);
            end.Dispose();
            history.Return(drop);
        }

        async Task ReceiveAsync(CancellationToken token)
        {
            try
            {
                await history.RecordAsync<object>("receive", null, async () =>
                {
                    try
                    {
                        int value = await receiver.ReceiveAsync(token);
                        Interlocked.Increment(ref received);
                        return value;
                    }
                    catch (Exception e) when (e is ChannelClosedException or ObjectDisposedException)
                    {
                        return OneshotModel.Over;
                    }
                });
            }
            catch (OperationCanceledException)
            {
                // Took nothing.
            }
        }
    });

    [Fact]
    public async Task Nothing_is_lost_or_doubled_when_sends_and_receives_are_cancelled_at_random()
    {
        int seed = Environment.TickCount;
        const int senders = 4;
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(3);
        var sent = new List<int>[senders];
        var received = new List<int>[2];
        long start = Stopwatch.GetTimestamp();
        MpscSender<int>[] clones = [.. Enumerable.Range(0, senders).Select(_ => sender.Clone())];
        List<Task> tasks =
        [
            .. Enumerable.Range(0, senders).Select(i => Task.Run(() => SendAsync(i, clones[i], sent[i] = []))),
            .. Enumerable.Range(0, 2).Select(i => Task.Run(() => ReceiveAsync(i, received[i] = []))),
        ];
        sender.Dispose();
        await Task.WhenAll(tasks);
        Assert.True(
            sent.SelectMany(static items => items).Order().SequenceEqual(received.SelectMany(static items => items).Order()),
            $"Seed {seed}: sent and received differ.");
        foreach (List<int> items in received)
        {
            for (int i = 0; i < senders; i++)
            {
                List<int> ofSender = items.FindAll(item => item >> 24 == i);
                Assert.True(ofSender.SequenceEqual(ofSender.Order()), $"Seed {seed}: items of sender {i} changed places.");
            }
        }

        async Task SendAsync(int id, MpscSender<int> mine, List<int> into)
        {
            var random = new Random(seed + id);
            using (mine)
            {
                for (int i = 0; Stopwatch.GetElapsedTime(start) < s_time; i++)
                {
                    int item = (id << 24) | i;
                    await Try(random, async token =>
                    {
                        await mine.SendAsync(item, token);
                        into.Add(item);
                    });
                }
            }
        }

        async Task ReceiveAsync(int id, List<int> into)
        {
            var random = new Random(seed - 1 - id);
            var batch = new int[3];
            for (bool isOver = false; !isOver;)
            {
                await Try(random, async token =>
                {
                    int count = await receiver.ReceiveBatchAsync(batch, token);
                    into.AddRange(batch.Take(count));
                    isOver = count == 0;
                });
            }
        }
    }

    private static void Add(List<string> to, string item)
    {
        lock (to)
        {
            to.Add(item);
        }
    }

    private static async Task FanOut(
        FanOutModel model, Action<int> send, Action end, Func<int, CancellationToken, ValueTask<int>> receive)
    {
        var history = new History();
        using var gone = new CancellationTokenSource();
        await Together(
            () =>
            {
                for (int item = 0; item < 6; item++)
                {
                    Operation sending = history.Invoke("send", item);
                    send(item);
                    history.Return(sending);
                }

                gone.Cancel();
                Operation ending = history.Invoke("end");
                end();
                history.Return(ending);
                return Task.CompletedTask;
            },
            () => ReceiveAsync(0, gone.Token),
            () => ReceiveAsync(1, CancellationToken.None));
        LinearizabilityChecker.Check(history, model);

        async Task ReceiveAsync(int receiver, CancellationToken token)
        {
            for (string result = string.Empty; result != FanOutModel.Over;)
            {
                try
                {
                    result = await history.RecordAsync("receive", receiver, () => ReceiveOneAsync(receiver, token));
                }
                catch (OperationCanceledException)
                {
                    token = default;
                }
            }
        }

        async ValueTask<string> ReceiveOneAsync(int receiver, CancellationToken token)
        {
            try
            {
                return $"{await receive(receiver, token)}";
            }
            catch (LaggedException e)
            {
                return FanOutModel.Lagged(e.Missed);
            }
            catch (ChannelClosedException)
            {
                return FanOutModel.Over;
            }
        }
    }

    /// <summary>Runs it with a token that is cancelled meanwhile, now and then.</summary>
    private static async Task Try(Random random, Func<CancellationToken, Task> run)
    {
        using var source = new CancellationTokenSource();
        Task cancelling = Task.CompletedTask;
        if (random.Next(3) == 0)
        {
            cancelling = Task.Run(source.Cancel);
        }

        try
        {
            await run(source.Token);
        }
        catch (OperationCanceledException)
        {
            // It has not happened.
        }

        await cancelling;
    }

    /// <summary>Short rounds with seeds one after the other, for a while.</summary>
    private static async Task RunAsync(Func<Random, Task> round)
    {
        long start = Stopwatch.GetTimestamp();
        int seed = Environment.TickCount;
        for (int rounds = 0; rounds < 20 || Stopwatch.GetElapsedTime(start) < s_time; rounds++, seed++)
        {
            try
            {
                await round(new Random(seed));
            }
            catch (Exception e)
            {
                throw new OopsException($"Seed {seed}: {e.Message}", e);
            }
        }
    }

    /// <summary>Starts all in about the same instant, each on a thread.</summary>
    private static Task Together(params Func<Task>[] parts)
    {
        int here = 0;
        return Task.WhenAll(parts.Select(part => Task.Run(() =>
        {
            Interlocked.Increment(ref here);
            for (int i = 0; i < 1_000 && Volatile.Read(ref here) < parts.Length; i++)
            {
                Thread.SpinWait(1);
            }

            return part();
        })));
    }
}
