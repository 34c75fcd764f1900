using System.Net;
using Treeline.Net;
using SocketException = System.Net.Sockets.SocketException;

namespace Treeline.Bench.Echo.Servers;

/// <summary>An echo server as one writes it on Treeline's runtime: each connection is a child of a scope.</summary>
internal static class RuntimeServer
{
    /// <summary>Starts it on a runtime of its own; where that has several cores, each takes connections of its own.</summary>
    public static (int Port, string Version) Start(RuntimeBuilder builder, Action<TaskScope, TcpStream> spawn)
    {
        Runtime runtime = builder.EnableAll().Build();
        int port = 0;
        foreach (Executor executor in runtime.Executors)
        {
            var bound = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            int common = port;
            runtime.Spawn(ct => TaskScope.RunAsync(
                async scope => await scope.Spawn(_ => ServeAsync(scope, common, bound, spawn)), new ScopeOptions { Executor = executor }, ct));
            port = bound.Task.GetAwaiter().GetResult();
        }

        return (port, $"Treeline over {runtime.Metrics.Driver}");
    }

    /// <summary>The handler is an async method like any other.</summary>
    public static void Plain(TaskScope scope, TcpStream stream) => scope.Spawn(_ => EchoAsync(stream));

    /// <summary>The handler is a fiber.</summary>
    public static void Fiber(TaskScope scope, TcpStream stream) => scope.Spawn(async _ =>
    {
        using TcpStream connection = stream;
        byte[] buffer = new byte[EchoServer.BufferSize];
        try
        {
            int count;
            while ((count = await connection.ReadAsync(buffer)) > 0)
            {
                await connection.WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (SocketException)
        {
            // The client has gone away.
        }
    });

    /// <summary>An async method for each request, and one within it for its first half.</summary>
    public static void PlainLayers(TaskScope scope, TcpStream stream) => scope.Spawn(_ => EchoInLayersAsync(stream));

    /// <summary>The same, all of them being fibers.</summary>
    public static void FiberLayers(TaskScope scope, TcpStream stream) => scope.Spawn(async _ =>
    {
        using TcpStream connection = stream;
        byte[] buffer = new byte[EchoServer.BufferSize];
        try
        {
            while (await AnswerFiber(connection, buffer))
            {
            }
        }
        catch (SocketException)
        {
            // The client has gone away.
        }
    });

    private static async Task ServeAsync(
        TaskScope scope, int port, TaskCompletionSource<int> bound, Action<TaskScope, TcpStream> spawn)
    {
        TcpListener listener;
        try
        {
            listener = TcpListener.Bind(
                new IPEndPoint(IPAddress.Loopback, port), new TcpListenOptions { Backlog = 4096, ReusePort = true });
        }
        catch (Exception e)
        {
            bound.SetException(e);
            throw;
        }

        using (listener)
        {
            bound.SetResult(((IPEndPoint)listener.LocalEndPoint).Port);
            while (true)
            {
                TcpStream stream = await listener.AcceptAsync(scope.Token);
                stream.NoDelay = true;
                spawn(scope, stream);
            }
        }
    }

    private static async Task EchoAsync(TcpStream stream)
    {
        using TcpStream connection = stream;
        byte[] buffer = new byte[EchoServer.BufferSize];
        try
        {
            int count;
            while ((count = await connection.ReadAsync(buffer)) > 0)
            {
                await connection.WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (SocketException)
        {
            // The client has gone away.
        }
    }

    private static async Task EchoInLayersAsync(TcpStream stream)
    {
        using TcpStream connection = stream;
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

    private static async ValueTask<bool> AnswerAsync(TcpStream stream, byte[] buffer)
    {
        int count = await RequestAsync(stream, buffer);
        await stream.WriteAsync(buffer.AsMemory(0, count));
        return count > 0;
    }

    private static async ValueTask<int> RequestAsync(TcpStream stream, byte[] buffer) => await stream.ReadAsync(buffer);

    private static async Fiber<bool> AnswerFiber(TcpStream stream, byte[] buffer)
    {
        int count = await RequestFiber(stream, buffer);
        await stream.WriteAsync(buffer.AsMemory(0, count));
        return count > 0;
    }

    private static async Fiber<int> RequestFiber(TcpStream stream, byte[] buffer) => await stream.ReadAsync(buffer);
}
