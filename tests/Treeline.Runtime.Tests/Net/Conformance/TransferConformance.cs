using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>Much at once: no byte is lost, doubled or out of order, and no descriptor is left.</summary>
public abstract class TransferConformance<TNetwork> : ConformanceTest<TNetwork>
    where TNetwork : NetworkUnderTest, new()
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task Megabytes_go_both_ways_at_once(int seed) => OnConnection(async connection =>
    {
        const long Total = 8 << 20;
        await TaskScope.RunAsync(scope =>
        {
            foreach ((StreamSocket from, StreamSocket to) in ((StreamSocket, StreamSocket)[])[
                (connection.Client, connection.Server), (connection.Server, connection.Client)])
            {
                var random = new Random(seed);
                scope.Spawn(async ct =>
                {
                    byte[] bytes = new byte[200_000];
                    for (long position = 0; position < Total;)
                    {
                        int length = (int)Math.Min(Total - position, random.Next(1, bytes.Length));
                        Transfer.Fill(bytes.AsSpan(0, length), position);
                        position += random.Next(3) == 0
                            ? await from.WriteVectoredAsync([bytes.AsMemory(0, length / 3), bytes.AsMemory(length / 3, length - (length / 3))], ct)
                            : await from.WriteAsync(bytes.AsMemory(0, length), ct);
                    }

                    from.ShutdownSend();
                });
                scope.Spawn(async _ => Assert.Equal(Total, await to.ReadToEndAsync()));
            }

            return ValueTask.CompletedTask;
        });
    });

    [Fact]
    public Task No_descriptor_is_left_whatever_happened() => OnSystem(async network =>
    {
        const int Seed = 9;
        var random = new Random(Seed);

        // What is opened once and for all is opened by then.
        (await Connection.OpenAsync(network, Under.Address)).Dispose();
        await CancelledAsync(async ct =>
        {
            using ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
            await listener.AcceptAsync(ct);
        });
        int before = Sockets();
        using (ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false))
        {
            for (int round = 0; round < 100; round++)
            {
                using var source = new CancellationTokenSource();
                ValueTask<StreamSocket> accepting = listener.AcceptAsync(source.Token);
                StreamSocket client = await network.ConnectAsync(listener.LocalEndPoint, default);
                if (random.Next(3) == 0)
                {
                    await source.CancelAsync();
                }

                StreamSocket? server = null;
                try
                {
                    server = await accepting;
                    await client.WriteAllAsync(s_hello);
                    await server.ReadAsync(new byte[random.Next(1, 10)], default);
                }
                catch (Exception e) when (e is OperationCanceledException or SocketException)
                {
                    // The connection waits for the next accept, or for the end of the listener; it may have been reset by then.
                }

                ValueTask<int> reading = client.ReadAsync(new byte[1], default);
                switch (random.Next(4))
                {
                    case 0:
                        client.Abort();
                        break;
                    case 1:
                        server?.Abort();
                        break;
                    case 2:
                        server?.ShutdownSend();
                        break;
                    default:
                        server?.Dispose();
                        break;
                }

                client.Dispose();
                server?.Dispose();
                await reading.AsTask().ContinueWith(static each => _ = each.Exception, TaskScheduler.Default);
                (network.Bind(AnyPort, reusePort: false)).Dispose();
            }
        }

        await Until(() => Sockets() <= before);

        static int Sockets() => Directory.GetFiles("/proc/self/fd").Count(static each =>
        {
            try
            {
                return File.ResolveLinkTarget(each, returnFinalTarget: false)?.Name.StartsWith("socket:", StringComparison.Ordinal) == true;
            }
            catch (IOException)
            {
                return false; // closed since it was listed
            }
        });
    });
}
