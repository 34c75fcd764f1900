using System.Threading.Channels;

namespace Treeline.Bench;

/// <summary>Handing items from task to task, against System.Threading.Channels.</summary>
internal static class ChannelRows
{
    private const int Senders = 4;
    private const int Capacity = 100;

    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "ping-pong over two channels, there and back",
            Peer = "Channel.CreateBounded(1), single reader and writer",
            Operations = 100_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainPingPong), new() { Ratio = 0.75, Bytes = 0 }),
                Side.Fiber(Clock.Timed(FiberPingPong), new() { Ratio = 0.45, Bytes = 0, Tokio = 0.6 }),
            ],
            Theirs = Clock.Timed(ChannelPingPong),
            Twin = "ping_pong",
        },
        new()
        {
            Name = "channel of 100, 4 senders, per item",
            Peer = "Channel.CreateBounded(100), single reader",
            Operations = 400_000,
            Sides =
            [
                Side.Plain(Clock.Timed(static n => PlainMany(n, Mpsc.Bounded<int>(Capacity))), new() { Ratio = 0.35, Bytes = 0 }),
                Side.Fiber(
                    Clock.Timed(static n => FiberMany(n, Mpsc.Bounded<int>(Capacity))),
                    new() { Ratio = 0.3, Bytes = 0, Tokio = 0.5 }),
            ],
            Theirs = Clock.Timed(static n => ChannelMany(
                n, Channel.CreateBounded<int>(new BoundedChannelOptions(Capacity) { SingleReader = true }))),
            Twin = "mpsc_bounded",
        },
        new()
        {
            Name = "unbounded channel, 4 senders, per item",
            Peer = "Channel.CreateUnbounded, single reader",
            Operations = 400_000,
            Sides =
            [
                Side.Plain(Clock.Timed(static n => PlainMany(n, Mpsc.Unbounded<int>())), new() { Ratio = 0.65, Bytes = 0 }),
                Side.Fiber(
                    Clock.Timed(static n => FiberMany(n, Mpsc.Unbounded<int>())),
                    new() { Ratio = 0.6, Bytes = 0, Tokio = 0.5 }),
            ],
            Theirs = Clock.Timed(static n => ChannelMany(
                n, Channel.CreateUnbounded<int>(new UnboundedChannelOptions { SingleReader = true }))),
            Twin = "mpsc_unbounded",
        },
    ];

    private static Task PlainPingPong(int n)
    {
        (MpscSender<int> pings, MpscReceiver<int> toPing) = Mpsc.Bounded<int>(1);
        (MpscSender<int> pongs, MpscReceiver<int> toPong) = Mpsc.Bounded<int>(1);
        return TaskScope.RunAsync(ValueTask (scope) =>
        {
            scope.Spawn(ValueTask (_) => Answer());
            scope.Spawn(ValueTask (_) => Ask());
            return ValueTask.CompletedTask;
        });

        async ValueTask Ask()
        {
            for (int i = 0; i < n; i++)
            {
                await pings.SendAsync(i);
                await toPong.ReceiveAsync();
            }
        }

        async ValueTask Answer()
        {
            for (int i = 0; i < n; i++)
            {
                int item = await toPing.ReceiveAsync();
                await pongs.SendAsync(item);
            }
        }
    }

    private static Task FiberPingPong(int n)
    {
        (MpscSender<int> pings, MpscReceiver<int> toPing) = Mpsc.Bounded<int>(1);
        (MpscSender<int> pongs, MpscReceiver<int> toPong) = Mpsc.Bounded<int>(1);
        return TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async _ =>
            {
                for (int i = 0; i < n; i++)
                {
                    int item = await toPing.ReceiveAsync(CancellationToken.None);
                    await pongs.SendAsync(item, CancellationToken.None);
                }
            });
            scope.Spawn(async _ =>
            {
                for (int i = 0; i < n; i++)
                {
                    await pings.SendAsync(i, CancellationToken.None);
                    await toPong.ReceiveAsync(CancellationToken.None);
                }
            });
        });
    }

    private static async Task ChannelPingPong(int n)
    {
        var options = new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true };
        Channel<int> pings = Channel.CreateBounded<int>(options);
        Channel<int> pongs = Channel.CreateBounded<int>(options);
        await Task.WhenAll(
            Task.Run(async () =>
            {
                for (int i = 0; i < n; i++)
                {
                    int item = await pings.Reader.ReadAsync();
                    await pongs.Writer.WriteAsync(item);
                }
            }),
            Task.Run(async () =>
            {
                for (int i = 0; i < n; i++)
                {
                    await pings.Writer.WriteAsync(i);
                    await pongs.Reader.ReadAsync();
                }
            }));
    }

    private static Task PlainMany(int n, (MpscSender<int> Sender, MpscReceiver<int> Receiver) channel)
    {
        return TaskScope.RunAsync(ValueTask (scope) =>
        {
            for (int i = 0; i < Senders; i++)
            {
                scope.Spawn(ValueTask (_) => Send());
            }

            scope.Spawn(ValueTask (_) => Receive());
            return ValueTask.CompletedTask;
        });

        async ValueTask Send()
        {
            for (int i = 0; i < n / Senders; i++)
            {
                await channel.Sender.SendAsync(i);
            }
        }

        async ValueTask Receive()
        {
            for (int i = 0; i < n; i++)
            {
                await channel.Receiver.ReceiveAsync();
            }
        }
    }

    private static Task FiberMany(int n, (MpscSender<int> Sender, MpscReceiver<int> Receiver) channel) =>
        TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < Senders; i++)
            {
                scope.Spawn(async _ =>
                {
                    for (int i = 0; i < n / Senders; i++)
                    {
                        await channel.Sender.SendAsync(i, CancellationToken.None);
                    }
                });
            }

            scope.Spawn(async _ =>
            {
                for (int i = 0; i < n; i++)
                {
                    await channel.Receiver.ReceiveAsync(CancellationToken.None);
                }
            });
        });

    private static async Task ChannelMany(int n, Channel<int> channel)
    {
        var tasks = new Task[Senders + 1];
        for (int i = 0; i < Senders; i++)
        {
            tasks[i] = Task.Run(async () =>
            {
                for (int i = 0; i < n / Senders; i++)
                {
                    await channel.Writer.WriteAsync(i);
                }
            });
        }

        tasks[Senders] = Task.Run(async () =>
        {
            for (int i = 0; i < n; i++)
            {
                await channel.Reader.ReadAsync();
            }
        });
        await Task.WhenAll(tasks);
    }
}
