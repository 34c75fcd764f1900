using System.Threading.Channels;
using Treeline.Testing.Tests.Contract;
using Treeline.TestSupport.Channels;
using Treeline.TestSupport.Linearizability;

namespace Treeline.Testing.Tests.Channels;

/// <summary>Oneshots under many schedules.</summary>
public sealed class OneshotSchedules
{
    [Fact]
    public void The_value_goes_to_one_or_stays_or_comes_back() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            int handedBack = 0;
            int received = 0;
            bool sent = false;
            (OneshotSender<int> sender, OneshotReceiver<int> receiver) = Oneshot.Create<int>(_ => handedBack++);
            var history = new History();
            using var gone = new CancellationTokenSource();
            bool sends = run.Random.Next(4) > 0;
            await TaskScope.RunAsync(async scope =>
            {
                scope.Spawn(async _ =>
                {
                    await run.DawdleAsync();
                    if (sends)
                    {
                        sent = history.Record("send", 1, () => sender.TrySend(1));
                    }

                    await run.DawdleAsync();
                    Drop("drop sender", sender);
                });
                scope.Spawn(async _ =>
                {
                    await run.DawdleAsync();
                    gone.Cancel();
                });
                scope.Spawn(async _ =>
                {
                    await run.DawdleAsync();
                    await run.DawdleAsync();
                    Drop("drop receiver", receiver);
                });
                for (int i = 0; i < 3; i++)
                {
                    CancellationToken token = i == 0 ? gone.Token : CancellationToken.None;
                    scope.Spawn(async _ =>
                    {
                        await run.DawdleAsync();
                        try
                        {
                            await history.RecordAsync<object>("receive", null, () => ReceiveAsync(token));
                        }
                        catch (OperationCanceledException)
                        {
                            // Took nothing.
                        }
                    });
                }
            });
            Assert.Equal(sent ? 1 : 0, received + handedBack);
            LinearizabilityChecker.Check(history, new OneshotModel());

            void Drop(string name, IDisposable end)
            {
                Operation drop = history.Invoke(name);
                end.Dispose();
                history.Return(drop);
            }

            async ValueTask<object> ReceiveAsync(CancellationToken token)
            {
                try
                {
                    int value = await receiver.ReceiveAsync(token);
                    received++;
                    return value;
                }
                catch (Exception e) when (e is ChannelClosedException or ObjectDisposedException)
                {
                    return OneshotModel.Over;
                }
            }
        });
}
