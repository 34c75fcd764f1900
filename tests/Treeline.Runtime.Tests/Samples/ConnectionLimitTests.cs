using Treeline.Net;

namespace Treeline.Tests.Samples;

/// <summary>The server that takes so many connections at a time of <c>docs/runtime-servers.md</c>.</summary>
public sealed class ConnectionLimitTests : TreeTest
{
    private const int Limit = 3;
    private const int Clients = 20;

    private int _connected;
    private int _most;

    [Fact]
    public Task All_are_served_and_never_more_than_the_limit_at_a_time() => InTime(async () =>
    {
        await using Runtime runtime = Runtime.CreateBuilder().MultiThread(2).EnableAll().Build();
        await runtime.Spawn(ct => TaskScope.RunAsync(
            async scope =>
            {
                using TcpListener listener = TcpListener.Bind("127.0.0.1:0");
                scope.Spawn(token => TaskScope.RunAsync(serving => ServeAsync(serving, listener), token));

                // Everybody is connected before anybody leaves.
                TcpStream[] clients = new TcpStream[Clients];
                for (int i = 0; i < Clients; i++)
                {
                    clients[i] = await TcpStream.ConnectAsync(listener.LocalEndPoint, scope.Token);
                    await clients[i].WriteAsync(new byte[] { (byte)i }, scope.Token);
                }

                await Until(() => Volatile.Read(ref _connected) == Limit);
                await Concurrently.ForEachAsync(
                    clients,
                    Clients,
                    static async (client, token) =>
                    {
                        client.Shutdown();
                        Assert.Single(await client.ReadToEndAsync(limit: 10, token));
                        client.Dispose();
                    },
                    scope.Token);
            },
            ct));

        Assert.Equal(Limit, _most);
    });

    private async Fiber ServeAsync(TaskScope scope, TcpListener listener)
    {
        var places = new AsyncSemaphore(Limit, "connections");
        for (int i = 0; i < Clients; i++)
        {
            SemaphorePermit place = await places.AcquireAsync(scope.Token);
            TcpStream connection = await listener.AcceptAsync(scope.Token);
            scope.Spawn(async ct =>
            {
                using (place)
                using (connection)
                {
                    int connected = Interlocked.Increment(ref _connected);
                    InterlockedMax(ref _most, connected);
                    byte[] buffer = new byte[16];
                    int count;
                    while ((count = await connection.ReadAsync(buffer, ct)) > 0)
                    {
                        await connection.WriteAsync(buffer.AsMemory(0, count), ct);
                    }

                    Interlocked.Decrement(ref _connected);
                }
            });
        }
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen = Volatile.Read(ref most);
        while (value > seen)
        {
            seen = Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
