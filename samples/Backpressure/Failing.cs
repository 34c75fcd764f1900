using Treeline;

namespace Backpressure;

/// <summary>The producer is told, and decides: here it turns the message away, as a server that answers 503.</summary>
internal static class Failing
{
    public static Task RunAsync(Scene scene) => TaskScope.RunAsync(async scope =>
    {
        var (sender, receiver) = Mpsc.Bounded<byte[]>(Scene.Capacity, FullMode.Fail);
        scope.Spawn(
            async ct =>
            {
                using (sender)
                {
                    await foreach (byte[] message in scene.MessagesAsync(ct))
                    {
                        if (sender.TrySend(message) == SendResult.Full)
                        {
                            scene.Lose();
                        }
                    }
                }
            },
            "producer");
        scope.Spawn(
            async ct =>
            {
                await foreach (byte[] message in receiver.WithCancellation(ct))
                {
                    await scene.HandleAsync(message, ct);
                }
            },
            "consumer");
    });
}
