using Treeline;

namespace Backpressure;

/// <summary>No bound: what is too much waits in memory.</summary>
internal static class Unbounded
{
    public static Task RunAsync(Scene scene) => TaskScope.RunAsync(async scope =>
    {
        var (sender, receiver) = Mpsc.Unbounded<byte[]>();
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
