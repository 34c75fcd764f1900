using System.Diagnostics;
using Treeline.Net;

namespace Treeline.Testing.Tests.Net;

/// <summary>What a server does in minutes, tested at once, and each time the same.</summary>
public sealed class EchoServerTests
{
    private static readonly TimeSpan s_idle = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Whoever_is_silent_for_too_long_is_closed_and_whoever_is_not_stays()
    {
        long start = Stopwatch.GetTimestamp();
        var time = new VirtualTime();
        await time.RunAsync(async scope =>
        {
            var net = new SimNet(seed: 1, time);
            Action stop = Serve(scope, net, maxConnections: 10);
            await net.Host("client").RunAsync(async own =>
            {
                using TcpStream silent = await TcpStream.ConnectAsync("server", EchoServer.Port, own.Token);
                using TcpStream busy = await TcpStream.ConnectAsync("server", EchoServer.Port, own.Token);
                TimeSpan began = time.Elapsed;
                ValueTask<int> end = silent.ReadAsync(new byte[1], own.Token);
                for (int minute = 0; minute < 60; minute += 4)
                {
                    await busy.WriteAsync(new byte[3], own.Token);
                    await busy.ReadExactlyAsync(new byte[3], own.Token);
                    await Clock.Delay(TimeSpan.FromMinutes(4), own.Token);
                    Assert.Equal(minute > 0, end.IsCompleted);
                }

                Assert.Equal(0, await end);
                await Clock.Delay(TimeSpan.FromMinutes(2), own.Token);
                Assert.Equal(0, await busy.ReadAsync(new byte[1], own.Token));
                Assert.InRange(time.Elapsed - began, TimeSpan.FromMinutes(62), TimeSpan.FromMinutes(63));
            });
            stop();
        });
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "That was no virtual time.");
    }

    [Fact]
    public void Under_every_schedule_no_more_than_the_limit_are_served_and_all_are_in_the_end() => Deterministic.Explore(100, static async run =>
    {
        const int Limit = 3;
        const int Clients = 8;
        var net = new SimNet(run);
        Action stop = Serve(run.Scope, net, Limit);
        int served = 0;
        int most = 0;
        int done = 0;
        await TaskScope.RunAsync(async clients =>
        {
            for (int i = 0; i < Clients; i++)
            {
                SimHost host = net.Host($"client{i}");
                clients.Spawn(ct => host.RunAsync(
                    async own =>
                    {
                        using TcpStream stream = await TcpStream.ConnectAsync("server", EchoServer.Port, own.Token);
                        await stream.WriteAsync(new byte[1], own.Token);
                        await stream.ReadExactlyAsync(new byte[1], own.Token);
                        most = Math.Max(most, ++served);
                        await Clock.Delay(s_second, own.Token);
                        served--;
                        done++;
                    },
                    ct));
            }
        });
        Assert.Equal(Clients, done);
        Assert.Equal(Limit, most);
        stop();
    });

    /// <summary>Runs the server until what is returned is called.</summary>
    private static Action Serve(TaskScope scope, SimNet net, int maxConnections)
    {
        SimHost server = net.Host("server");
        TaskScope? serving = null;
        scope.SpawnScope(async inner =>
        {
            serving = inner;
            await server.RunAsync(own => EchoServer.ServeAsync(own, maxConnections, s_idle), inner.Token);
        });
        return () => serving!.Cancel("the test is over");
    }
}
