using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The contract of datagrams.</summary>
public abstract class DatagramConformance<TNetwork> : ConformanceTest<TNetwork>
    where TNetwork : NetworkUnderTest, new()
{
    private readonly byte[] _buffer = new byte[2000];

    private Task OnPair(Func<DatagramSocket, DatagramSocket, Task> test) => OnNetwork(async network =>
    {
        using DatagramSocket one = network.Bind(AnyPort, reusePort: false);
        using DatagramSocket other = network.Bind(AnyPort, reusePort: false);
        await test(one, other);
    });

    [Fact]
    public Task A_receive_waits_for_a_datagram_and_says_who_sent_it() => OnPair(async (one, other) =>
    {
        Assert.NotEqual(0, one.LocalEndPoint.Port);
        ValueTask<SocketReceiveFromResult> receiving = one.ReceiveFromAsync(_buffer, default);
        Assert.False(receiving.IsCompleted);
        Assert.Equal(s_hello.Length, await other.SendAsync(s_hello, one.LocalEndPoint, default));
        SocketReceiveFromResult result = await receiving;
        Assert.Equal(other.LocalEndPoint, result.RemoteEndPoint);
        Assert.Equal(s_hello, _buffer[..result.ReceivedBytes]);
    });

    [Fact]
    public Task Each_datagram_comes_whole_and_by_itself() => OnPair(async (one, other) =>
    {
        foreach (int length in (int[])[10, 0, 1000, 1])
        {
            await other.SendAsync(Transfer.Bytes(length, length), one.LocalEndPoint, default);
        }

        foreach (int length in (int[])[10, 0, 1000, 1])
        {
            SocketReceiveFromResult result = await one.ReceiveFromAsync(_buffer, default);
            Assert.Equal(length, result.ReceivedBytes);
            Assert.Equal(other.LocalEndPoint, result.RemoteEndPoint);
            Transfer.Check(_buffer.AsSpan(0, length), length);
        }
    });

    [Fact]
    public Task What_does_not_fit_is_cut_off() => OnPair(async (one, other) =>
    {
        await other.SendAsync(s_hello, one.LocalEndPoint, default);
        await other.SendAsync(new byte[] { 7 }, one.LocalEndPoint, default);
        Assert.Equal(3, (await one.ReceiveFromAsync(_buffer.AsMemory(0, 3), default)).ReceivedBytes);
        Assert.Equal(s_hello[..3], _buffer[..3]);
        Assert.Equal(1, (await one.ReceiveFromAsync(_buffer, default)).ReceivedBytes);
        Assert.Equal(7, _buffer[0]);
    });

    [Fact]
    public Task A_datagram_that_is_too_long_is_an_error() => OnPair(async (one, other) =>
        Assert.Equal(
            SocketError.MessageSize,
            await ErrorOf(async () => await other.SendAsync(new byte[70_000], one.LocalEndPoint, default))));

    [Fact]
    public Task A_fixed_other_end_is_the_only_one_heard() => OnNetwork(async network =>
    {
        using DatagramSocket one = network.Bind(AnyPort, reusePort: false);
        using DatagramSocket friend = network.Bind(AnyPort, reusePort: false);
        using DatagramSocket stranger = network.Bind(AnyPort, reusePort: false);
        one.Connect(friend.LocalEndPoint);
        await stranger.SendAsync("stranger"u8.ToArray(), one.LocalEndPoint, default);
        await friend.SendAsync(s_hello, one.LocalEndPoint, default);
        SocketReceiveFromResult result = await one.ReceiveFromAsync(_buffer, default);
        Assert.Equal(friend.LocalEndPoint, result.RemoteEndPoint);
        Assert.Equal(s_hello, _buffer[..result.ReceivedBytes]);

        Assert.Equal(s_hello.Length, await one.SendAsync(s_hello, destination: null, default));
        Assert.Equal(s_hello.Length, (await friend.ReceiveFromAsync(_buffer, default)).ReceivedBytes);
    });

    [Fact]
    public Task That_nobody_receives_at_a_fixed_other_end_is_heard_of() => OnSystem(async network =>
    {
        using DatagramSocket one = network.Bind(AnyPort, reusePort: false);
        DatagramSocket gone = network.Bind(AnyPort, reusePort: false);
        one.Connect(gone.LocalEndPoint);
        gone.Dispose();
        ValueTask<SocketReceiveFromResult> receiving = one.ReceiveFromAsync(_buffer, default);
        await one.SendAsync(s_hello, destination: null, default);
        Assert.Equal(SocketError.ConnectionRefused, await ErrorOf(async () => await receiving));

        // That was said once; the socket goes on.
        receiving = one.ReceiveFromAsync(_buffer, default);
        Assert.False(receiving.IsCompleted);
        one.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await receiving);
    });

    [Fact]
    public Task Several_may_send_at_once() => OnPair(async (one, other) =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < 4; i++)
            {
                byte[] datagram = [.. Enumerable.Repeat((byte)i, 100 + i)];
                scope.Spawn(async ct =>
                {
                    for (int round = 0; round < 20; round++)
                    {
                        Assert.Equal(datagram.Length, await other.SendAsync(datagram, one.LocalEndPoint, ct));
                    }
                });
            }

            int[] counts = new int[4];
            for (int i = 0; i < 80; i++)
            {
                SocketReceiveFromResult result = await one.ReceiveFromAsync(_buffer, scope.Token);
                byte id = _buffer[0];
                Assert.Equal(100 + id, result.ReceivedBytes);
                Assert.All(_buffer[..result.ReceivedBytes], each => Assert.Equal(id, each));
                counts[id]++;
            }

            Assert.Equal([20, 20, 20, 20], counts);
        });
    });

    [Fact]
    public Task Only_one_may_receive_at_a_time() => OnPair(async (one, other) =>
    {
        ValueTask<SocketReceiveFromResult> receiving = one.ReceiveFromAsync(_buffer, default);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await one.ReceiveFromAsync(new byte[1], default));
        await other.SendAsync(s_hello, one.LocalEndPoint, default);
        Assert.Equal(s_hello.Length, (await receiving).ReceivedBytes);
    });

    [Fact]
    public Task A_datagram_can_be_one_case_of_several() => OnPair(async (one, other) =>
    {
        Assert.False(one.TryReceiveFrom(_buffer, out _, out _));
        ValueTask<int> waiting = new Select<int>().On(one.ReceivableCase(), static () => 1).WaitAsync();
        Assert.False(waiting.IsCompleted);
        await other.SendAsync(s_hello, one.LocalEndPoint, default);
        Assert.Equal(1, await waiting);
        int received;
        IPEndPoint? from;
        while (!one.TryReceiveFrom(_buffer, out received, out from))
        {
            Assert.Equal(1, await new Select<int>().On(one.ReceivableCase(), static () => 1).WaitAsync());
        }

        Assert.Equal(s_hello, _buffer[..received]);
        Assert.Equal(other.LocalEndPoint, from);
        Assert.False(one.TryReceiveFrom(_buffer, out _, out _));
    });

    [Fact]
    public Task Closing_ends_what_is_in_flight() => OnPair(async (one, other) =>
    {
        IPEndPoint where = one.LocalEndPoint;
        ValueTask<SocketReceiveFromResult> receiving = one.ReceiveFromAsync(_buffer, default);
        ValueTask<int> waiting = new Select<int>().On(other.ReceivableCase(), static () => 1).WaitAsync();
        one.Dispose();
        other.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await receiving);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await waiting);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await one.ReceiveFromAsync(_buffer, default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await one.SendAsync(s_hello, where, default));
        Assert.Throws<ObjectDisposedException>(() => one.TryReceiveFrom(_buffer, out _, out _));
        one.Dispose();
    });

    [Fact]
    public Task A_port_that_is_taken_is_an_error_that_names_it() => OnNetwork(network =>
    {
        using DatagramSocket one = network.Bind(AnyPort, reusePort: false);
        SocketException e = Assert.Throws<SocketException>(() => network.Bind(one.LocalEndPoint, reusePort: false));
        Assert.Equal(SocketError.AddressAlreadyInUse, e.SocketErrorCode);
        Assert.Contains(one.LocalEndPoint.ToString(), e.Message, StringComparison.Ordinal);
        return Task.CompletedTask;
    });

    [Fact]
    public Task Whoever_receives_is_shown_with_the_port() => OnPair(async (one, other) =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask<SocketReceiveFromResult> child = scope.Spawn(
                async ct => await one.ReceiveFromAsync(_buffer, ct), "the receiver");
            await Until(static () => Find("the receiver").WaitsOn is not null);
            string waitsOn = Find("the receiver").WaitsOn!;
            Assert.StartsWith("receive", waitsOn, StringComparison.Ordinal);
            Assert.Contains(one.LocalEndPoint.ToString(), waitsOn, StringComparison.Ordinal);
            await other.SendAsync(s_hello, one.LocalEndPoint, default);
            await child;
        });
    });
}
