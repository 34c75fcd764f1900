using Treeline;

namespace Backpressure;

/// <summary>What comes while the channel is full is dropped: what is old matters as much as what is new.</summary>
internal static class DroppingNewest
{
    public static Task RunAsync(Scene scene) => TaskScope.RunAsync(async scope =>
    {
        var (sender, receiver) = Mpsc.Bounded<byte[]>(Scene.Capacity, FullMode.DropNewest, onUndelivered: _ => scene.Lose());
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
