using Treeline.Net;

namespace Treeline.Tests.Samples;

/// <summary>The server with a limit for idle connections of <c>docs/runtime-servers.md</c>.</summary>
public sealed class IdleTimeoutTests : TreeTest
{
    [Fact]
    public Task A_connection_that_says_nothing_is_closed() => InRuntime(async scope =>
    {
        using TcpStream client = await ConnectToServerAsync(scope, TimeSpan.FromMilliseconds(20));

        Assert.Equal(0, await client.ReadAsync(new byte[1], scope.Token));
    });

    [Fact]
    public Task A_connection_that_falls_silent_is_closed_when_all_has_been_answered() => InRuntime(async scope =>
    {
        using TcpStream client = await ConnectToServerAsync(scope, TimeSpan.FromMilliseconds(500));
        await client.WriteAsync(new byte[] { 1, 2, 3 }, scope.Token);

        Assert.Equal([1, 2, 3], await client.ReadToEndAsync(limit: 10, scope.Token));
    });

    [Fact]
    public Task A_connection_within_its_limit_ends_as_usual() => InRuntime(async scope =>
    {
        using TcpStream client = await ConnectToServerAsync(scope, TimeSpan.FromHours(1));
        await client.WriteAsync(new byte[] { 1, 2, 3 }, scope.Token);
        client.Shutdown();

        Assert.Equal([1, 2, 3], await client.ReadToEndAsync(limit: 10, scope.Token));
    });

    private static async Task<TcpStream> ConnectToServerAsync(TaskScope scope, TimeSpan limit)
    {
        TcpListener listener = TcpListener.Bind("127.0.0.1:0");
        scope.Spawn(async ct =>
        {
            using (listener)
            {
                await EchoUntilIdleAsync(await listener.AcceptAsync(ct), limit, ct);
            }
        });
        return await TcpStream.ConnectAsync(listener.LocalEndPoint, scope.Token);
    }

    private static async Fiber EchoUntilIdleAsync(TcpStream connection, TimeSpan limit, CancellationToken ct)
    {
        using TcpStream stream = connection;
        byte[] buffer = new byte[4096];
        try
        {
            int count;
            while ((count = await CancelScope.WithTimeoutAsync(limit, soon => stream.ReadAsync(buffer, soon), ct)) > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count), ct);
            }
        }
        catch (TimeoutException)
        {
            // Nothing has come for so long: the connection is closed.
        }
    }

    private Task InRuntime(Func<TaskScope, Task> body) => InTime(async () =>
    {
        await using Runtime runtime = Runtime.CreateBuilder().MultiThread(2).EnableAll().Build();
        await runtime.Spawn(ct => TaskScope.RunAsync(body, ct));
    });
}
