using System.Net;
using System.Net.Sockets;

namespace Treeline.Bench.Echo.Servers;

/// <summary>An echo server as one writes it with .NET's sockets.</summary>
internal static class SocketServer
{
    public static (int Port, string Version) Start(Func<Socket, Task> handle)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(4096);
        _ = Task.Run(() => AcceptAsync(listener, handle));
        return (((IPEndPoint)listener.LocalEndPoint!).Port, $".NET {Environment.Version}");
    }

    public static async Task EchoAsync(Socket socket)
    {
        using (socket)
        {
            byte[] buffer = new byte[EchoServer.BufferSize];
            int count;
            while ((count = await socket.ReceiveAsync(buffer.AsMemory())) > 0)
            {
                await socket.SendAsync(buffer.AsMemory(0, count));
            }
        }
    }

    /// <summary>The same with a method for each request, and one within it for its first half.</summary>
    public static async Task EchoInLayersAsync(Socket socket)
    {
        using (socket)
        {
            byte[] buffer = new byte[EchoServer.BufferSize];
            while (await AnswerAsync(socket, buffer))
            {
            }
        }
    }

    private static async ValueTask<bool> AnswerAsync(Socket socket, byte[] buffer)
    {
        int count = await RequestAsync(socket, buffer);
        return count > 0 && await socket.SendAsync(buffer.AsMemory(0, count)) == count;
    }

    private static async ValueTask<int> RequestAsync(Socket socket, byte[] buffer) => await socket.ReceiveAsync(buffer.AsMemory());

    private static async Task AcceptAsync(Socket listener, Func<Socket, Task> handle)
    {
        while (true)
        {
            Socket socket = await listener.AcceptAsync();
            socket.NoDelay = true;
            _ = HandleAsync(socket, handle);
        }
    }

    private static async Task HandleAsync(Socket socket, Func<Socket, Task> handle)
    {
        try
        {
            await handle(socket);
        }
        catch (SocketException)
        {
            // The client has gone away.
        }
    }
}
