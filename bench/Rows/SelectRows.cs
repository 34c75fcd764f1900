using System.Threading.Channels;

namespace Treeline.Bench;

/// <summary>
/// One who sends to two channels in turn, and one who waits for whichever has something. The other side keeps both reads, and
/// so is right, where <c>Task.WhenAny</c> on new ones would lose messages.
/// </summary>
internal static class SelectRows
{
    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "select over two channels",
            Peer = "Task.WhenAny on two reads, kept",
            Operations = 100_000,
            Sides =
            [
                Side.Plain(Clock.Timed(Plain), new() { Ratio = 0.75 }),
                Side.Fiber(Clock.Timed(AsFiber), new() { Ratio = 0.45, Bytes = 0, Tokio = 0.6 }),
            ],
            Theirs = Clock.Timed(WhenAny),
            Twin = "select",
        },
    ];

    private static Task Plain(int n)
    {
        var (toOne, one) = Mpsc.Bounded<int>(1);
        var (toOther, other) = Mpsc.Bounded<int>(1);
        return TaskScope.RunAsync(Body);

        ValueTask Body(TaskScope scope)
        {
            scope.Spawn(Send);
            scope.Spawn(Receive);
            return ValueTask.CompletedTask;
        }

        async ValueTask Send(CancellationToken _)
        {
            for (int i = 0; i < n / 2; i++)
            {
                await toOne.SendAsync(i, CancellationToken.None);
                await toOther.SendAsync(i, CancellationToken.None);
            }
        }

        async ValueTask Receive(CancellationToken _)
        {
            Select<int> next = Next(one, other);
            for (int i = 0; i < n / 2 * 2; i++)
            {
                await next.WaitAsync(CancellationToken.None);
            }
        }
    }

    private static Task AsFiber(int n)
    {
        var (toOne, one) = Mpsc.Bounded<int>(1);
        var (toOther, other) = Mpsc.Bounded<int>(1);
        return TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async _ =>
            {
                for (int i = 0; i < n / 2; i++)
                {
                    await toOne.SendAsync(i, CancellationToken.None);
                    await toOther.SendAsync(i, CancellationToken.None);
                }
            });
            scope.Spawn(async _ =>
            {
                Select<int> next = Next(one, other);
                for (int i = 0; i < n / 2 * 2; i++)
                {
                    await next.WaitAsync(CancellationToken.None);
                }
            });
        });
    }

    private static Select<int> Next(MpscReceiver<int> one, MpscReceiver<int> other) =>
        new Select<int>().On(one.ReceiveCase(), static item => item).On(other.ReceiveCase(), static item => item);

    private static async Task WhenAny(int n)
    {
        var one = Channel.CreateBounded<int>(new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true });
        var other = Channel.CreateBounded<int>(new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true });
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < n / 2; i++)
            {
                await one.Writer.WriteAsync(i);
                await other.Writer.WriteAsync(i);
            }
        });
        Task receiving = Task.Run(async () =>
        {
            Task<int> fromOne = one.Reader.ReadAsync().AsTask();
            Task<int> fromOther = other.Reader.ReadAsync().AsTask();
            for (int i = 0; i < n / 2 * 2; i++)
            {
                Task<int> first = await Task.WhenAny(fromOne, fromOther);
                await first;
                if (first == fromOne)
                {
                    fromOne = one.Reader.ReadAsync().AsTask();
                }
                else
                {
                    fromOther = other.Reader.ReadAsync().AsTask();
                }
            }
        });
        await Task.WhenAll(sending, receiving);
    }
}
