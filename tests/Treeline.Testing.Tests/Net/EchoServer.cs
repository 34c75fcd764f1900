using System.Net.Sockets;
using Treeline.Net;
using TcpListener = Treeline.Net.TcpListener;

namespace Treeline.Testing.Tests.Net;

/// <summary>A server as programs have it: a limit on connections, and on how long one may be silent.</summary>
internal static class EchoServer
{
    public const int Port = 7;

    public static async Fiber ServeAsync(TaskScope scope, int maxConnections, TimeSpan idle)
    {
        using TcpListener listener = TcpListener.Bind($"*:{Port}");
        var free = new AsyncSemaphore(maxConnections, "connections");
        while (true)
        {
            SemaphorePermit permit = await free.AcquireAsync(scope.Token);
            TcpStream stream = await listener.AcceptAsync(scope.Token);
            scope.Spawn(async ct =>
            {
                using (permit)
                using (stream)
                {
                    await EchoAsync(stream, idle, ct);
                }
            });
        }
    }

    private static async Fiber EchoAsync(TcpStream stream, TimeSpan idle, CancellationToken cancellationToken)
    {
        var buffer = new byte[64];
        try
        {
            while (true)
            {
                int read = 0;
                bool inTime = await CancelScope.MoveOnAfterAsync(
                    idle, async ct => { read = await stream.ReadAsync(buffer, ct); }, cancellationToken);
                if (!inTime || read == 0)
                {
                    return;
                }

                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        catch (SocketException)
        {
            // The client is gone.
        }
    }
}
