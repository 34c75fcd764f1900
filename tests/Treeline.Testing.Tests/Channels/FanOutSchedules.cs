using System.Threading.Channels;
using Treeline.Testing.Tests.Contract;
using Treeline.TestSupport.Channels;
using Treeline.TestSupport.Linearizability;

namespace Treeline.Testing.Tests.Channels;

/// <summary>Broadcasts and watches under many schedules.</summary>
public sealed class FanOutSchedules
{
    private const int Items = 6;
    private const int Receivers = 2;

    [Fact]
    public void Every_receiver_of_a_broadcast_sees_all_or_learns_what_it_missed() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            BroadcastSender<int> sender = Broadcast.Create<int>(capacity: 2);
            BroadcastReceiver<int>[] receivers = [sender.Subscribe(), sender.Subscribe()];
            await ExploreAsync(
                run,
                new FanOutModel(capacity: 2, Receivers),
                item => sender.Send(item),
                sender.Dispose,
                (receiver, token) => receivers[receiver].ReceiveAsync(token));
        });

    [Fact]
    public void Every_receiver_of_a_watch_sees_the_latest_and_never_misses_the_last() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            WatchSender<int> sender = Watch.Create(-1);
            WatchReceiver<int>[] receivers = [sender.Subscribe(), sender.Subscribe()];
            await ExploreAsync(
                run,
                new FanOutModel(capacity: 1, Receivers, skipsQuietly: true),
                sender.Send,
                sender.Dispose,
                (receiver, token) => receivers[receiver].ChangedAsync(token));
            Assert.Equal(Items - 1, sender.Value);
            Assert.DoesNotContain(receivers, static receiver => receiver.HasChanged);
        });

    private static async Task ExploreAsync(
        Simulation run,
        FanOutModel model,
        Action<int> send,
        Action end,
        Func<int, CancellationToken, ValueTask<int>> receive)
    {
        var history = new History();
        using var gone = new CancellationTokenSource();
        await TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async _ =>
            {
                for (int item = 0; item < Items; item++)
                {
                    await run.DawdleAsync();
                    Operation sending = history.Invoke("send", item);
                    send(item);
                    history.Return(sending);
                }

                Operation ending = history.Invoke("end");
                end();
                history.Return(ending);
            });
            scope.Spawn(async _ =>
            {
                await run.DawdleAsync();
                gone.Cancel();
            });
            for (int i = 0; i < Receivers; i++)
            {
                int receiver = i;
                scope.Spawn(async _ =>
                {
                    string result = string.Empty;
                    for (CancellationToken token = gone.Token; result != FanOutModel.Over;)
                    {
                        await run.DawdleAsync();
                        try
                        {
                            result = await history.RecordAsync("receive", receiver, () => ReceiveAsync(receiver, token));
                        }
                        catch (OperationCanceledException)
                        {
                            token = CancellationToken.None;
                        }
                    }
                });
            }
        });
        LinearizabilityChecker.Check(history, model);

        async ValueTask<string> ReceiveAsync(int receiver, CancellationToken token)
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
}
