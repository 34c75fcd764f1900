using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Treeline.Tests.Combinators;

public sealed class HappyEyeballsTests : TreeTest
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(250);
    private readonly ManualTimeProvider _clock = new();
    private int _dialled;

    [Theory]
    [InlineData("6a 6b 6c 4a 4b", "6a 4a 6b 4b 6c")]
    [InlineData("4a 4b 6a", "4a 6a 4b")]
    [InlineData("6a 6b", "6a 6b")]
    [InlineData("4a", "4a")]
    [InlineData("", "")]
    public void The_families_take_turns_and_the_first_one_begins(string resolved, string tried)
    {
        IPAddress[] addresses = [.. resolved.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Address)];
        Assert.Equal(
            tried.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Address), HappyEyeballs.Interleave(addresses));

        static IPAddress Address(string name) =>
            IPAddress.Parse(name[0] == '6' ? $"2001:db8::{name[1]}" : $"192.0.2.{name[1] - 'a' + 1}");
    }

    [Fact]
    public Task It_connects_to_a_listener_that_accepts() => InTime(async () =>
    {
        using Socket listener = Listen(IPAddress.Loopback);
        using Socket socket = await HappyEyeballs.ConnectAsync("127.0.0.1", Port(listener));
        using Socket accepted = await listener.AcceptAsync();
        Assert.True(socket.Connected);
        Assert.True(socket.NoDelay);
        Assert.Equal(socket.LocalEndPoint, accepted.RemoteEndPoint);
        await socket.SendAsync("hello"u8.ToArray());
        byte[] buffer = new byte[5];
        Assert.Equal(5, await accepted.ReceiveAsync(buffer));
    });

    [Fact]
    public Task A_host_by_name_is_found() => InTime(async () =>
    {
        using Socket listener = Listen(IPAddress.Loopback);
        using Socket socket = await HappyEyeballs.ConnectAsync("localhost", Port(listener));
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)socket.RemoteEndPoint!).Address.MapToIPv4());
    });

    [Fact]
    public Task One_that_refuses_is_left_at_once() => InTime(async () =>
    {
        using Socket listener = Listen(IPAddress.Parse("127.0.0.2"));
        using Socket socket = await ConnectAsync(Port(listener), [IPAddress.Parse("127.0.0.3"), IPAddress.Parse("127.0.0.2")]);
        Assert.Equal("127.0.0.2", ((IPEndPoint)socket.RemoteEndPoint!).Address.ToString());
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task One_that_stalls_is_overtaken_after_the_delay_and_its_socket_closed() => InTime(async () =>
    {
        using var stalling = new StallingListener();
        using Socket listener = Listen(IPAddress.Parse("127.0.0.2"), stalling.Port);
        int closed = 0;
        Task<Socket> connecting = ConnectAsync(
            stalling.Port,
            [stalling.Address, IPAddress.Parse("127.0.0.2")],
            async (target, ct) =>
            {
                var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await socket.ConnectAsync(target, ct);
                    return socket;
                }
                catch
                {
                    socket.Dispose();
                    closed++;
                    throw;
                }
            });
        await OneDialled();
        _clock.Advance(s_delay - TimeSpan.FromMilliseconds(1));
        Assert.False(connecting.IsCompleted);
        Assert.Equal(1, _clock.Pending);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        using Socket socket = await connecting;
        Assert.Equal("127.0.0.2", ((IPEndPoint)socket.RemoteEndPoint!).Address.ToString());
        Assert.Equal(2, _dialled);
        Assert.Equal(1, closed);
    });

    [Fact]
    public Task If_all_refuse_each_says_why_with_its_address() => InTime(async () =>
    {
        int port = FreePort();
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(
            () => ConnectAsync(port, [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3")]));
        Assert.All(thrown.Failures, static failure => Assert.Equal(
            SocketError.ConnectionRefused, Assert.IsAssignableFrom<SocketException>(failure.Exception).SocketErrorCode));
        Assert.Equal(
            [$"HappyEyeballs/127.0.0.2:{port}", $"HappyEyeballs/127.0.0.3:{port}"],
            thrown.Failures.Select(static failure => failure.Path));
    });

    [Fact]
    public Task If_the_only_one_refuses_that_is_thrown() => InTime(async () =>
    {
        SocketException thrown = await Assert.ThrowsAnyAsync<SocketException>(
            () => HappyEyeballs.ConnectAsync("127.0.0.1", FreePort()));
        Assert.Equal(SocketError.ConnectionRefused, thrown.SocketErrorCode);
    });

    [Fact]
    public Task A_name_without_an_address_is_not_found() => InTime(async () =>
    {
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(1, []));
        Assert.Equal(SocketError.HostNotFound, thrown.SocketErrorCode);
        Assert.Contains("a.test", thrown.Message);
    });

    [Fact]
    public Task Cancelled_while_all_stall_it_ends_at_once() => InTime(async () =>
    {
        using var stalling = new StallingListener();
        using var cancel = new CancellationTokenSource();
        Task<Socket> connecting = ConnectAsync(stalling.Port, [stalling.Address], cancellationToken: cancel.Token);
        await Until(() => All().Any(static node => node.Name.StartsWith("127.", StringComparison.Ordinal)));
        await cancel.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        Assert.Equal(cancel.Token, thrown.CancellationToken);
    });

    [Fact]
    public Task A_loser_that_connected_all_the_same_is_closed() => InTime(async () =>
    {
        var sockets = new List<Socket>();
        TaskCompletionSource second = Signal();
        using Socket socket = await ConnectToBoth();
        Assert.Same(sockets[1], socket);
        Assert.Equal(2, sockets.Count);
        Assert.True(sockets[0].SafeHandle.IsClosed);
        Assert.False(sockets[1].SafeHandle.IsClosed);

        async Task<Socket> ConnectToBoth()
        {
            Socket one = NewSocket();
            Socket other = NewSocket();
            Task<Socket> connecting = ConnectAsync(
                1,
                [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3")],
                async (target, ct) =>
                {
                    if (target.Address.ToString() == "127.0.0.3")
                    {
                        return other;
                    }

                    var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    await using CancellationTokenRegistration registration = ct.Register(cancelled.SetResult);
                    await cancelled.Task;
                    return one; // too late to lose: it had connected
                });
            await OneDialled();
            _clock.Advance(s_delay);
            return await connecting;
        }

        Socket NewSocket()
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            sockets.Add(socket);
            return socket;
        }
    });

    [Fact]
    public Task A_winner_that_cannot_be_returned_is_closed() => InTime(async () =>
    {
        Socket? winner = null;
        Task<Socket> connecting = ConnectAsync(
            1,
            [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3")],
            async (target, ct) =>
            {
                if (target.Address.ToString() == "127.0.0.3")
                {
                    return winner = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                }

                try
                {
                    await Forever(ct);
                }
                catch (OperationCanceledException)
                {
                    throw new OopsException("cleanup");
                }

                return null!;
            });
        await OneDialled();
        _clock.Advance(s_delay);
        await Assert.ThrowsAsync<OopsException>(() => connecting);
        Assert.True(winner!.SafeHandle.IsClosed);
    });

    [Fact]
    public void Misuse_throws_at_the_call()
    {
        Assert.Throws<ArgumentNullException>(() => { _ = HappyEyeballs.ConnectAsync(null!, 1); });
        Assert.Throws<ArgumentException>(() => { _ = HappyEyeballs.ConnectAsync(string.Empty, 1); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = HappyEyeballs.ConnectAsync("a.test", 0); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = HappyEyeballs.ConnectAsync("a.test", 65536); });
    }

    private static Socket Listen(IPAddress address, int port = 0)
    {
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, port));
        listener.Listen();
        return listener;
    }

    private static int Port(Socket listener) => ((IPEndPoint)listener.LocalEndPoint!).Port;

    /// <summary>A port that nobody listens on, at any of the loopback addresses used here.</summary>
    private static int FreePort()
    {
        using Socket listener = Listen(IPAddress.Any);
        return Port(listener);
    }

    /// <summary>Until the first attempt runs, and the delay before the second: an attempt that has not begun when another wins never does.</summary>
    private Task OneDialled() => Until(() => Volatile.Read(ref _dialled) == 1 && _clock.Pending == 1);

    private Task<Socket> ConnectAsync(
        int port,
        IPAddress[] addresses,
        Func<IPEndPoint, CancellationToken, Task<Socket>>? dial = null,
        CancellationToken cancellationToken = default) =>
        HappyEyeballs.ConnectAsync(
            "a.test",
            port,
            (host, _) =>
            {
                Assert.Equal("a.test", host);
                return Task.FromResult(addresses);
            },
            (target, ct) =>
            {
                Interlocked.Increment(ref _dialled);
                return (dial ?? HappyEyeballs.DialAsync)(target, ct);
            },
            _clock,
            new Combination("HappyEyeballs", "Happy.cs", 1),
            cancellationToken);

    /// <summary>A listener whose backlog is full, so that the system does not answer another connection.</summary>
    private sealed class StallingListener : IDisposable
    {
        private readonly Socket _listener;
        private readonly List<Socket> _filling = [];

        public StallingListener()
        {
            _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _listener.Bind(new IPEndPoint(Address, 0));
            _listener.Listen(0);

            // Until one does not get through: how many do is the system's affair.
            var patience = Stopwatch.StartNew();
            while (true)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                _filling.Add(socket);
                Task connected = socket.ConnectAsync(_listener.LocalEndPoint!);
                if (!connected.Wait(TimeSpan.FromMilliseconds(200)))
                {
                    connected.ContinueWith(static each => _ = each.Exception, TaskScheduler.Default);
                    return;
                }

                Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "The backlog takes every connection.");
            }
        }

        public IPAddress Address { get; } = IPAddress.Parse("127.0.0.4");

        public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

        public void Dispose()
        {
            _filling.ForEach(static socket => socket.Dispose());
            _listener.Dispose();
        }
    }
}
