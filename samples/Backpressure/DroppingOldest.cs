using Treeline;

namespace Backpressure;

/// <summary>What has waited longest makes room: the consumer sees what is new.</summary>
internal static class DroppingOldest
{
    public static Task RunAsync(Scene scene) => TaskScope.RunAsync(async scope =>
    {
        var (sender, receiver) = Mpsc.Bounded<byte[]>(Scene.Capacity, FullMode.DropOldest, onUndelivered: _ => scene.Lose());
        scope.Spawn(
            async ct =>
            {
                using (sender)
                {
                    await foreach (byte[] message in scene.MessagesAsync(ct))
                    {
                        await sender.SendAsync(message, ct); // never waits
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
