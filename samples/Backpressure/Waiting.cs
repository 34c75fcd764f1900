using Treeline;

namespace Backpressure;

/// <summary>The producer waits for the consumer: nothing is lost, and the pace is the slower one's.</summary>
internal static class Waiting
{
    public static Task RunAsync(Scene scene) => TaskScope.RunAsync(async scope =>
    {
        var (sender, receiver) = Mpsc.Bounded<byte[]>(Scene.Capacity);
        scope.Spawn(
            async ct =>
            {
                using (sender)
                {
                    await foreach (byte[] message in scene.MessagesAsync(ct))
                    {
                        await sender.SendAsync(message, ct); // waits while the channel is full
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
