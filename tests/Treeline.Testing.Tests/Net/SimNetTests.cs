using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Treeline.Net;
using TcpListener = Treeline.Net.TcpListener;

namespace Treeline.Testing.Tests.Net;

public sealed class SimNetTests
{
    private static readonly SimConditions s_tenMilliseconds = new()
    {
        MinLatency = TimeSpan.FromMilliseconds(10),
        MaxLatency = TimeSpan.FromMilliseconds(10),
    };

    private readonly VirtualTime _time = new();
    private readonly SimNet _net;
    private readonly SimHost _server;
    private readonly SimHost _client;

    public SimNetTests()
    {
        _net = new SimNet(seed: 1, _time) { Conditions = s_tenMilliseconds };
        _server = _net.Host("server");
        _client = _net.Host("client");
    }

    [Fact]
    public Task Opening_a_connection_takes_the_way_there_and_back_and_so_does_an_answer() => _time.RunAsync(async scope =>
    {
        scope.Spawn(async ct => await _server.RunAsync(scope => EchoOnceAsync(scope.Token), ct));
        await _client.RunAsync(async _ =>
        {
            using TcpStream stream = await TcpStream.ConnectAsync("server", 7);
            Assert.Equal(20, _time.Elapsed.TotalMilliseconds);
            Assert.Equal($"{_client.Address}", $"{stream.LocalEndPoint!.Address}");
            Assert.Equal($"{_server.Address}:7", $"{stream.RemoteEndPoint}");
            await stream.WriteAsync("ping"u8.ToArray());
            Assert.Equal(20, _time.Elapsed.TotalMilliseconds);
            var answer = new byte[4];
            await stream.ReadExactlyAsync(answer);
            Assert.Equal("ping"u8, answer);
            Assert.Equal(40, _time.Elapsed.TotalMilliseconds);
            stream.Shutdown();
            Assert.Equal(0, await stream.ReadAsync(answer));
            Assert.Equal(60, _time.Elapsed.TotalMilliseconds);
        });
    });

    [Fact]
    public Task Within_a_host_nothing_takes_time() => _time.RunAsync(scope => _server.RunAsync(async own =>
    {
        own.Spawn(EchoOnceAsync);
        using TcpStream stream = await TcpStream.ConnectAsync("localhost", 7, own.Token);
        await stream.WriteAsync(new byte[10], own.Token);
        await stream.ReadExactlyAsync(new byte[10], own.Token);
        stream.Shutdown();
        Assert.Equal(0, await stream.ReadAsync(new byte[1], own.Token));
        Assert.Equal(TimeSpan.Zero, _time.Elapsed);
    }));

    [Fact]
    public Task Who_does_not_listen_refuses_and_who_is_not_there_is_not_found() => _time.RunAsync(async scope =>
    {
        await _client.RunAsync(async _ =>
        {
            SocketException refused = await Fails(SocketError.ConnectionRefused, () => TcpStream.ConnectAsync("server", 7).AsTask());
            Assert.Contains("nobody listens there", refused.Message, StringComparison.Ordinal);
            Assert.Equal(20, _time.Elapsed.TotalMilliseconds);
            SocketException unknown = await Fails(SocketError.HostNotFound, () => TcpStream.ConnectAsync("nowhere", 7).AsTask());
            Assert.Contains("net.Host(\"nowhere\")", unknown.Message, StringComparison.Ordinal);
            await Fails(SocketError.HostUnreachable, () => TcpStream.ConnectAsync(IPEndPoint.Parse("10.1.1.1:7")).AsTask());
            using TcpListener one = TcpListener.Bind("*:9");
            Assert.Equal(SocketError.AddressAlreadyInUse, Assert.Throws<SocketException>(() => TcpListener.Bind("127.0.0.1:9")).SocketErrorCode);
            Assert.Equal(SocketError.AddressNotAvailable, Assert.Throws<SocketException>(() => TcpListener.Bind("10.1.1.1:9")).SocketErrorCode);
            Assert.Equal([_server.Address], await HostNames.ResolveAsync("SERVER"));
        });
    });

    [Fact]
    public Task What_is_written_in_a_partition_arrives_when_it_is_over() => _time.RunAsync(async scope =>
    {
        scope.Spawn(async ct => await _server.RunAsync(scope => EchoOnceAsync(scope.Token), ct));
        await _client.RunAsync(async _ =>
        {
            using TcpStream stream = await TcpStream.ConnectAsync("server", 7);
            await stream.WriteAsync(new byte[] { 1 }); // under way when the partition begins
            SimLink link = _net.Link(_server, _client);
            link.Partition();
            Assert.True(link.IsPartitioned);
            await stream.WriteAsync(new byte[] { 2 });
            ValueTask answer = stream.ReadExactlyAsync(new byte[2]);
            await Clock.Delay(TimeSpan.FromMinutes(10));
            Assert.False(answer.IsCompleted);
            link.Heal();
            TimeSpan healed = _time.Elapsed;
            await answer;
            Assert.Equal(20, (_time.Elapsed - healed).TotalMilliseconds);
            stream.Shutdown();
        });
    });

    [Fact]
    public Task A_partition_that_lasts_ends_the_connection_for_who_sent_and_refuses_new_ones() => _time.RunAsync(async scope =>
    {
        scope.Spawn(async ct => await _server.RunAsync(
            async own => await Fails(SocketError.ConnectionReset, () => EchoOnceAsync(own.Token).AsTask()), ct));
        await _client.RunAsync(async _ =>
        {
            using TcpStream stream = await TcpStream.ConnectAsync("server", 7);
            await stream.WriteAsync(new byte[] { 1 });
            await stream.ReadExactlyAsync(new byte[1]);
            _net.Partition(_server);
            TimeSpan parted = _time.Elapsed;
            await Fails(SocketError.TimedOut, () => TcpStream.ConnectAsync("server", 7).AsTask());
            Assert.Equal(127, (_time.Elapsed - parted).TotalSeconds);
            parted = _time.Elapsed;
            await stream.WriteAsync(new byte[] { 1 });
            await Fails(SocketError.TimedOut, () => stream.ReadExactlyAsync(new byte[1]).AsTask());
            Assert.Equal(924.6, (_time.Elapsed - parted).TotalSeconds);
            await Fails(SocketError.TimedOut, () => stream.WriteAsync(new byte[1]).AsTask());
            stream.Abort();
            _net.Heal(); // only now the server can hear of it
        });
    });

    [Fact]
    public Task After_a_crash_others_wait_and_after_the_restart_they_hear_of_it() => _time.RunAsync(async scope =>
    {
        int lives = 0;
        bool cleanedUp = false;
        scope.Spawn(async ct => await _server.KeepRunningAsync(
            async own =>
            {
                lives++;
                using TcpListener listener = TcpListener.Bind("*:7");
                using TcpStream stream = await listener.AcceptAsync(own.Token);
                try
                {
                    await stream.ReadAsync(new byte[1], own.Token);
                }
                catch (Exception e) when (lives == 1)
                {
                    Assert.Equal(SocketError.NetworkDown, Assert.IsType<SocketException>(e).SocketErrorCode);
                    await Fails(SocketError.NetworkDown, () => TcpStream.ConnectAsync("client", 1, CancellationToken.None).AsTask());
                    cleanedUp = true;
                    throw;
                }
            },
            ct));
        await _client.RunAsync(async own =>
        {
            using (TcpStream stream = await TcpStream.ConnectAsync("server", 7))
            {
                await Clock.Delay(TimeSpan.FromSeconds(1));
                _server.Crash();
                Assert.False(_server.IsUp);
                ValueTask<int> read = stream.ReadAsync(new byte[1]);
                await stream.WriteAsync(new byte[1]);
                await Clock.Delay(TimeSpan.FromMinutes(1));
                Assert.False(read.IsCompleted);
                Assert.True(cleanedUp);
                _server.Restart();
                await Fails(SocketError.ConnectionReset, () => read.AsTask());
            }

            using TcpStream again = await TcpStream.ConnectAsync("server", 7);
            await again.WriteAsync(new byte[1]);
            Assert.Equal(2, lives);
        });
    });

    [Fact]
    public Task Whoever_runs_something_on_a_host_that_crashes_is_told() => _time.RunAsync(async scope =>
    {
        Task running = _server.RunAsync(own => Clock.Delay(Timeout.InfiniteTimeSpan, own.Token));
        await Clock.Delay(TimeSpan.FromSeconds(1));
        _server.Crash();
        _server.Crash();
        HostCrashedException error = await Assert.ThrowsAsync<HostCrashedException>(() => running);
        Assert.Contains("'server'", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<HostCrashedException>(() => _server.RunAsync(static async _ => await Fiber.Yield()));
        _server.Restart();
        Assert.Equal(5, await _server.RunAsync(static async _ => { await Fiber.Yield(); return 5; }));
    });

    [Fact]
    public Task A_link_can_reset_all_connections_over_it() => _time.RunAsync(async scope =>
    {
        scope.Spawn(async ct => await _server.RunAsync(
            async own => await Fails(SocketError.ConnectionReset, () => EchoOnceAsync(own.Token).AsTask()), ct));
        await _client.RunAsync(async _ =>
        {
            using TcpStream stream = await TcpStream.ConnectAsync("server", 7);
            await stream.WriteAsync(new byte[1]);
            await stream.ReadExactlyAsync(new byte[1]);
            ValueTask<int> read = stream.ReadAsync(new byte[1]);
            _net.Link(_client, _server).ResetConnections();
            await Fails(SocketError.ConnectionReset, () => read.AsTask());
        });
    });

    [Fact]
    public Task Writes_break_connections_as_often_as_was_said() => _time.RunAsync(async scope =>
    {
        int broken = 0;
        int written = 0;
        _net.Conditions = s_tenMilliseconds with { ConnectionLoss = 0.1 };
        scope.Spawn(async ct => await _server.RunAsync(
            async own =>
            {
                using TcpListener listener = TcpListener.Bind("*:7");
                while (written < 1000)
                {
                    using TcpStream stream = await listener.AcceptAsync(own.Token);
                    SocketException? error = null;
                    while (error is null)
                    {
                        error = await Record.ExceptionAsync(async () => await stream.ReadAsync(new byte[1], own.Token)) as SocketException;
                    }

                    broken++;
                }
            },
            ct));
        await _client.RunAsync(async _ =>
        {
            while (written < 1000)
            {
                using TcpStream stream = await TcpStream.ConnectAsync("server", 7);
                while (await Record.ExceptionAsync(async () => await stream.WriteAsync(new byte[1])) is null)
                {
                    written++;
                    await Clock.Delay(TimeSpan.FromMilliseconds(30));
                }
            }
        });
        Assert.InRange(broken, 60, 150);
    });

    [Fact]
    public Task What_is_written_at_once_may_be_read_in_pieces() => _time.RunAsync(async scope =>
    {
        _net.Conditions = new SimConditions();
        var reads = new List<int>();
        scope.Spawn(async ct => await _server.RunAsync(
            async own =>
            {
                using TcpListener listener = TcpListener.Bind("*:7");
                using TcpStream stream = await listener.AcceptAsync(own.Token);
                var buffer = new byte[100];
                int read;
                while ((read = await stream.ReadAsync(buffer, own.Token)) > 0)
                {
                    reads.Add(read);
                }
            },
            ct));
        await _client.RunAsync(async _ =>
        {
            using TcpStream stream = await TcpStream.ConnectAsync("server", 7);
            for (int i = 0; i < 100; i++)
            {
                await stream.WriteAsync(new byte[10]);
                await Clock.Delay(TimeSpan.FromMilliseconds(4));
            }
        });
        await Clock.Delay(TimeSpan.FromSeconds(1));
        Assert.Equal(1000, reads.Sum());
        Assert.Contains(reads, read => read < 10);
        Assert.Contains(reads, read => read > 10);
    });

    [Fact]
    public Task A_listener_that_is_full_is_asked_again() => _time.RunAsync(async scope =>
    {
        scope.Spawn(async ct => await _server.RunAsync(
            async own =>
            {
                using TcpListener listener = TcpListener.Bind("*:7", new TcpListenOptions { Backlog = 1 });
                await Clock.Delay(TimeSpan.FromMilliseconds(500));
                for (int i = 0; i < 3; i++)
                {
                    using TcpStream stream = await listener.AcceptAsync(own.Token);
                }

                Assert.InRange(_time.Elapsed.TotalSeconds, 1, 2);
            },
            ct));
        await _client.RunAsync(async _ =>
        {
            for (int i = 0; i < 3; i++)
            {
                using TcpStream stream = await TcpStream.ConnectAsync("server", 7);
                await Clock.Delay(TimeSpan.FromMilliseconds(50));
                Assert.Equal(i < 2, _time.Elapsed < TimeSpan.FromSeconds(1));
            }
        });
    });

    [Fact]
    public Task Datagrams_get_lost_arrive_twice_and_overtake_each_other() => _time.RunAsync(async scope =>
    {
        _net.Link(_server, _client).Conditions = new SimConditions
        {
            MinLatency = TimeSpan.FromMilliseconds(1),
            MaxLatency = TimeSpan.FromMilliseconds(20),
            DatagramLoss = 0.2,
            DatagramDuplication = 0.2,
        };
        var got = new List<int>();
        ChildTask receiving = scope.Spawn(async ct => await _server.RunAsync(
            async own =>
            {
                using UdpSocket socket = UdpSocket.Bind("*:9");
                var buffer = new byte[8];
                while (true)
                {
                    SocketReceiveFromResult result = await socket.ReceiveFromAsync(buffer, own.Token);
                    if (result.ReceivedBytes == 1)
                    {
                        return;
                    }

                    Assert.Equal(4, result.ReceivedBytes);
                    Assert.Equal(_client.Address, ((IPEndPoint)result.RemoteEndPoint).Address);
                    got.Add(BitConverter.ToInt32(buffer));
                }
            },
            ct));
        await _client.RunAsync(async _ =>
        {
            using UdpSocket socket = UdpSocket.Bind("*:0");
            for (int i = 0; i < 1000; i++)
            {
                await socket.SendToAsync(BitConverter.GetBytes(i), new IPEndPoint(_server.Address, 9));
                await Clock.Delay(TimeSpan.FromMilliseconds(1));
            }

            await Clock.Delay(TimeSpan.FromSeconds(1));
            int before = got.Count;
            _net.Partition(_server);
            await socket.SendToAsync(new byte[4], new IPEndPoint(_server.Address, 9));
            _net.Heal();
            await Clock.Delay(TimeSpan.FromSeconds(1));
            Assert.Equal(before, got.Count); // lost, and not sent again
            while (!receiving.IsCompleted)
            {
                await socket.SendToAsync(new byte[1], new IPEndPoint(_server.Address, 9));
                await Clock.Delay(TimeSpan.FromMilliseconds(100));
            }
        });
        Assert.InRange(1000 - got.Distinct().Count(), 120, 280);
        Assert.InRange(got.Count - got.Distinct().Count(), 90, 250);
        Assert.NotEqual(got.Order(), got);
    });

    [Fact]
    public async Task The_same_seed_is_the_same_run_and_another_is_another()
    {
        string one = await TraceAsync(7);
        Assert.Equal(one, await TraceAsync(7));
        Assert.NotEqual(one, await TraceAsync(8));
        Assert.True(one.Length > 1000, one);
    }

    [Fact]
    public void The_same_seed_is_the_same_run_under_a_schedule_too()
    {
        string one = Deterministic.Run(7, static run => TraceAsync(new SimNet(run), run.Time, run.Scope));
        Assert.Equal(one, Deterministic.Run(7, static run => TraceAsync(new SimNet(run), run.Time, run.Scope)));
        Assert.NotEqual(one, Deterministic.Run(8, static run => TraceAsync(new SimNet(run), run.Time, run.Scope)));
    }

    [Fact]
    public void Names_and_addresses_are_checked()
    {
        Assert.Same(_server, _net.Host("Server"));
        Assert.Throws<ArgumentException>(() => _net.Host("localhost"));
        Assert.Throws<ArgumentException>(() => _net.Host("10.0.0.1"));
        Assert.Throws<ArgumentException>(() => _net.Host("other", _server.Address));
        Assert.Throws<ArgumentException>(() => _net.Link(_server, new SimNet(2, _time).Host("server")));
        Assert.Throws<InvalidOperationException>(() => _net.Link(_server, _server).Partition());
        Assert.Throws<ArgumentOutOfRangeException>(() => new SimConditions { DatagramLoss = 1.5 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SimConditions { MinLatency = TimeSpan.FromSeconds(-1) });
    }

    private static async Task<string> TraceAsync(int seed)
    {
        var time = new VirtualTime();
        return await time.RunAsync(scope => TraceAsync(new SimNet(seed, time), time, scope));
    }

    /// <summary>What three clients and a server see of each other over a bad network, and when.</summary>
    private static async Task<string> TraceAsync(SimNet net, VirtualTime time, TaskScope scope)
    {
        net.Conditions = new SimConditions { MaxLatency = TimeSpan.FromMilliseconds(100), ConnectionLoss = 0.05, DatagramLoss = 0.1 };
        var trace = new List<string>();
        SimHost server = net.Host("server");
        void Note(string what) => trace.Add(string.Create(CultureInfo.InvariantCulture, $"{time.Elapsed.Ticks} {what}"));
        using var end = new CancellationTokenSource();
        ChildTask serving = scope.Spawn(ct => server.RunAsync(
            async own =>
            {
                using TcpListener listener = TcpListener.Bind("*:7");
                while (!end.IsCancellationRequested)
                {
                    TcpStream stream;
                    try
                    {
                        stream = await listener.AcceptAsync(end.Token);
                    }
                    catch (OperationCanceledException)
                    {
                        return;
                    }

                    Note($"accepted {stream.RemoteEndPoint}");
                    own.Spawn(async ct =>
                    {
                        using (stream)
                        {
                            var buffer = new byte[16];
                            try
                            {
                                int read;
                                while ((read = await stream.ReadAsync(buffer, ct)) > 0)
                                {
                                    Note($"read {read} from {stream.RemoteEndPoint}");
                                    await stream.WriteAsync(buffer.AsMemory(0, read), ct);
                                }
                            }
                            catch (SocketException e)
                            {
                                Note($"{e.SocketErrorCode} of {stream.RemoteEndPoint}");
                            }
                        }
                    });
                }
            },
            ct));
        await TaskScope.RunAsync(async clients =>
        {
            for (int i = 0; i < 3; i++)
            {
                SimHost client = net.Host($"client{i}");
                clients.Spawn(ct => client.RunAsync(
                    async own =>
                    {
                        for (int attempt = 0; attempt < 4; attempt++)
                        {
                            try
                            {
                                using TcpStream stream = await TcpStream.ConnectAsync("server", 7, own.Token);
                                for (int word = 0; word < 5; word++)
                                {
                                    await stream.WriteAsync(new byte[8], own.Token);
                                    await stream.ReadExactlyAsync(new byte[8], own.Token);
                                    Note($"{client.Name} has {word}");
                                }
                            }
                            catch (Exception e) when (e is SocketException or IOException)
                            {
                                Note($"{client.Name}: {e.GetType().Name}");
                            }
                        }
                    },
                    ct));
            }
        });
        end.Cancel();
        await serving;
        return string.Join('\n', trace);
    }

    private static async ValueTask EchoOnceAsync(CancellationToken cancellationToken)
    {
        using TcpListener listener = TcpListener.Bind("*:7");
        using TcpStream stream = await listener.AcceptAsync(cancellationToken);
        var buffer = new byte[100];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    private static async Task<SocketException> Fails(SocketError expected, Func<Task> operation)
    {
        SocketException error = await Assert.ThrowsAsync<SocketException>(operation);
        Assert.Equal(expected, error.SocketErrorCode);
        return error;
    }
}
