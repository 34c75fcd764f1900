using System.Buffers;
using System.Net;
using Treeline.Drivers;
using Treeline.Net;

namespace Treeline.Tests.Drivers.Portable;

public sealed class PortableNetworkTests : TreeTest
{
    private static readonly IPEndPoint s_anyPort = new(IPAddress.Loopback, 0);

    [Fact]
    public void Code_without_a_runtime_gets_the_sockets_of_NET()
    {
        Assert.Same(PortableNetwork.OnThreadPool, Network.OfCaller);
        Assert.Same(Executor.ThreadPool, PortableNetwork.OnThreadPool.Executor);
    }

    [Fact]
    public Task Who_waited_goes_on_on_the_executor_of_the_network() => InTime(async () =>
    {
        using var executor = new DedicatedThread();
        using var network = new PortableNetwork(executor);
        using ListenSocket listener = network.Listen(s_anyPort, 16, reusePort: false);
        Task<(StreamSocket Socket, bool There)> accepting = AcceptAsync();
        using StreamSocket client = await network.ConnectAsync(listener.LocalEndPoint, default);
        (StreamSocket server, bool there) = await accepting;
        using (server)
        {
            Assert.True(there);
            Task<bool> reading = ReadAsync(server);
            await client.WriteAsync(new byte[1], default);
            Assert.True(await reading);
            Assert.True(await CancelledReadAsync(server));
        }

        // This runs on that thread too now, which cannot wait for its own end.
        await Task.Yield();

        async Task<(StreamSocket, bool)> AcceptAsync()
        {
            StreamSocket socket = await listener.AcceptAsync(default).ConfigureAwait(false);
            return (socket, executor.IsCurrent);
        }

        async Task<bool> ReadAsync(StreamSocket socket)
        {
            await socket.ReadAsync(new byte[1], default).ConfigureAwait(false);
            return executor.IsCurrent;
        }

        async Task<bool> CancelledReadAsync(StreamSocket socket)
        {
            using var source = new CancellationTokenSource();
            Task<bool> reading = AwaitedAsync(source.Token);
            await source.CancelAsync();
            return await reading;

            async Task<bool> AwaitedAsync(CancellationToken ct)
            {
                try
                {
                    await socket.ReadAsync(new byte[1], ct).ConfigureAwait(false);
                    return false;
                }
                catch (OperationCanceledException)
                {
                    return executor.IsCurrent;
                }
            }
        }
    });

    [Fact]
    public Task Disposing_it_closes_what_is_open_and_opens_nothing_more() => InTime(async () =>
    {
        var network = new PortableNetwork(Executor.ThreadPool);
        ListenSocket listener = network.Listen(s_anyPort, 16, reusePort: false);
        using ListenSocket elsewhere = PortableNetwork.OnThreadPool.Listen(s_anyPort, 16, reusePort: false);
        StreamSocket client = await network.ConnectAsync(elsewhere.LocalEndPoint, default);
        DatagramSocket datagrams = network.Bind(s_anyPort, reusePort: false);
        ValueTask<int> reading = client.ReadAsync(new byte[1], default);
        network.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await reading);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await listener.AcceptAsync(default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await datagrams.ReceiveFromAsync(new byte[1], default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await network.ConnectAsync(elsewhere.LocalEndPoint, default));
        Assert.Throws<ObjectDisposedException>(() => network.Listen(s_anyPort, 16, reusePort: false));
        Assert.Throws<ObjectDisposedException>(() => network.Bind(s_anyPort, reusePort: false));
        network.Dispose();
    });

    [Fact]
    public Task Memory_that_is_gone_ends_the_read_that_it_was_given_to_and_nothing_else() => InTime(async () =>
    {
        PortableNetwork network = PortableNetwork.OnThreadPool;
        using ListenSocket listener = network.Listen(s_anyPort, 16, reusePort: false);
        using StreamSocket client = await network.ConnectAsync(listener.LocalEndPoint, default);
        using StreamSocket server = await listener.AcceptAsync(default);
        using var gone = new GoneMemory();
        ValueTask<int> reading = server.ReadAsync(gone.Memory, default);
        gone.IsGone = true;
        await client.WriteAsync(new byte[] { 7 }, default);
        await Assert.ThrowsAsync<OopsException>(async () => await reading);
        byte[] buffer = new byte[1];
        Assert.Equal(1, await server.ReadAsync(buffer, default));
        Assert.Equal(7, buffer[0]);
    });

    [Fact]
    public Task A_host_name_is_no_end_point_of_a_socket() => InTime(async () =>
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await PortableNetwork.OnThreadPool.ConnectAsync(new DnsEndPoint("localhost", 80), default)));

    private sealed class GoneMemory : MemoryManager<byte>
    {
        private readonly byte[] _bytes = new byte[10];

        public bool IsGone { get; set; }

        public override Span<byte> GetSpan() => IsGone ? throw new OopsException("It is gone.") : _bytes;

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
