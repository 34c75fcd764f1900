using System.Threading.Channels;
using Treeline.Testing.Tests.Contract;
using Treeline.TestSupport.Channels;
using Treeline.TestSupport.Linearizability;

namespace Treeline.Testing.Tests.Channels;

/// <summary>Channels under many schedules: what the callers saw is what some order of their calls would give, and nothing is lost.</summary>
public sealed class MpscSchedules
{
    [Theory]
    [InlineData(1, FullMode.Wait)]
    [InlineData(2, FullMode.Wait)]
    [InlineData(int.MaxValue, FullMode.Wait)]
    [InlineData(2, FullMode.DropNewest)]
    [InlineData(2, FullMode.DropOldest)]
    [InlineData(1, FullMode.Fail)]
    public void Calls_are_as_one_after_the_other_and_no_item_is_lost_or_doubled(int capacity, FullMode whenFull) =>
        Deterministic.Explore(Schedules.Count, async run =>
        {
            var undelivered = new List<string>();
            (MpscSender<string> sender, MpscReceiver<string> receiver) = capacity == int.MaxValue
                ? Mpsc.Unbounded<string>(undelivered.Add)
                : Mpsc.Bounded<string>(capacity, whenFull, undelivered.Add);
            var history = new History();
            var sent = new List<string>();
            var received = new List<string>();
            using var gone = new CancellationTokenSource();
            await TaskScope.RunAsync(async scope =>
            {
                for (int i = 0; i < 3; i++)
                {
                    int first = i * 2;
                    bool waits = i < 2 && whenFull != FullMode.Fail;
                    MpscSender<string> mine = sender.Clone();
                    scope.Spawn(async _ =>
                    {
                        using (mine)
                        {
                            for (int item = first; item < first + 2; item++)
                            {
                                await run.DawdleAsync();
                                string text = $"{item}";
                                if (!waits)
                                {
                                    SendResult result = history.Record("try send", text, () => mine.TrySend(text));
                                    if (result is SendResult.Sent or SendResult.Dropped)
                                    {
                                        sent.Add(text);
                                    }

                                    continue;
                                }

                                try
                                {
                                    CancellationToken token = item == first + 1 ? gone.Token : CancellationToken.None;
                                    await history.RecordAsync("send", text, () => mine.SendAsync(text, token));
                                    sent.Add(text);
                                }
                                catch (OperationCanceledException)
                                {
                                    // Not sent.
                                }
                            }
                        }
                    });
                }

                // Recorded where the last of them goes, so its end lies between.
                Operation end = history.Invoke("end");
                sender.Dispose();
                scope.Spawn(async _ =>
                {
                    await run.DawdleAsync();
                    gone.Cancel();
                });
                for (int i = 0; i < 2; i++)
                {
                    bool mayGiveUp = i == 0;
                    scope.Spawn(async _ =>
                    {
                        while (true)
                        {
                            await run.DawdleAsync();
                            try
                            {
                                CancellationToken token = mayGiveUp ? gone.Token : CancellationToken.None;
                                string item = await history.RecordAsync("receive", null, () => ReceiveAsync(receiver, token));
                                if (item == MpscModel.Over)
                                {
                                    break;
                                }

                                received.Add(item);
                            }
                            catch (OperationCanceledException)
                            {
                                mayGiveUp = false;
                            }
                        }
                    });
                }
            });
            Assert.Equal(sent.Order(), received.Concat(undelivered).Order());
            LinearizabilityChecker.Check(history, new MpscModel(capacity, whenFull));
        });

    [Fact]
    public void Permits_and_batches_keep_to_the_capacity_and_to_the_order() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            const int capacity = 3;
            (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(capacity);
            using var gone = new CancellationTokenSource();
            var sent = new List<int>();
            var received = new List<int>();
            await TaskScope.RunAsync(async scope =>
            {
                MpscSender<int> reserving = sender.Clone();
                MpscSender<int> batching = sender.Clone();
                scope.Spawn(async _ =>
                {
                    using (reserving)
                    {
                        for (int i = 0; i < 4; i++)
                        {
                            using Permit<int> permit = await reserving.ReserveAsync(CancellationToken.None);
                            await run.DawdleAsync();
                            if (run.Random.Next(3) > 0)
                            {
                                sent.Add(i);
                                permit.Send(i);
                            }
                        }
                    }
                });
                scope.Spawn(async _ =>
                {
                    using (batching)
                    {
                        for (int i = 10; i < 20; i += 2)
                        {
                            await run.DawdleAsync();
                            try
                            {
                                CancellationToken token = i == 12 ? gone.Token : CancellationToken.None;
                                await batching.SendBatchAsync(new[] { i, i + 1 }, token);
                                sent.AddRange([i, i + 1]);
                            }
                            catch (OperationCanceledException)
                            {
                                // None of it was sent.
                            }
                        }
                    }
                });
                scope.Spawn(async _ =>
                {
                    await run.DawdleAsync();
                    gone.Cancel();
                });
                sender.Dispose();
                var into = new int[2];
                while (await receiver.ReceiveBatchAsync(into, CancellationToken.None) is > 0 and var count)
                {
                    Assert.True(receiver.Count <= capacity);
                    received.AddRange(into.Take(count));
                    await run.DawdleAsync();
                }
            });
            Assert.Equal(sent.Order(), received.Order());
            for (int i = 0; i < received.Count; i++)
            {
                // A batch has nothing of others in it.
                Assert.True(received[i] < 10 || received[i] % 2 != 0 || received[i + 1] == received[i] + 1);
            }
        });

    private static async ValueTask<string> ReceiveAsync(MpscReceiver<string> receiver, CancellationToken cancellationToken)
    {
        try
        {
            return await receiver.ReceiveAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return MpscModel.Over;
        }
    }
}
