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

    /// <summary>The handler is one async method.</summary>
    public static async Task EchoAsync(Socket socket)
    {
        using Socket connection = socket;
        byte[] buffer = new byte[EchoServer.BufferSize];
        try
        {
            int count;
            while ((count = await connection.ReceiveAsync(buffer.AsMemory())) > 0)
            {
                await connection.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (SocketException)
        {
            // The client has gone away.
        }
    }

    /// <summary>An async method for each request, and one within it for its first half.</summary>
    public static async Task EchoInLayersAsync(Socket socket)
    {
        using Socket connection = socket;
        byte[] buffer = new byte[EchoServer.BufferSize];
        try
        {
            while (await AnswerAsync(connection, buffer))
            {
            }
        }
        catch (SocketException)
        {
            // The client has gone away.
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
            _ = handle(socket);
        }
    }
}
