using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Treeline.Bench;

/// <summary>
/// Operators on streams against what one writes by hand with a bounded <see cref="Channel{T}"/>, with the same guarantee: the
/// source is cancelled and awaited at the end.
/// </summary>
internal static class StreamRows
{
    private const int Items = 1000;

    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "stream of 1,000 items read 16 ahead, per item",
            Peer = "Task.Run into a bounded Channel + ReadAllAsync",
            Operations = 200_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainPrefetch), new()),
                Side.Fiber(Clock.Timed(FiberPrefetch), new()),
            ],
            Theirs = Clock.Timed(PrefetchByHand),
        },
        new()
        {
            Name = "stream of 1,000 items that suspend, 4 at a time, in order, per item",
            Peer = "tasks in a bounded Channel, awaited in order",
            Operations = 100_000,
            Sides =
            [
                Side.Plain(Clock.Timed(PlainBuffered), new()),
                Side.Fiber(Clock.Timed(FiberBuffered), new()),
            ],
            Theirs = Clock.Timed(BufferedByHand),
        },
    ];

    private static async Task PlainPrefetch(int n)
    {
        for (int i = 0; i < n / Items; i++)
        {
            await foreach (int item in NumbersAsync().Prefetch(16))
            {
            }
        }
    }

    private static Task FiberPrefetch(int n) => TaskScope.RunAsync(async scope =>
    {
        for (int i = 0; i < n / Items; i++)
        {
            await foreach (int item in NumbersAsync().Prefetch(16))
            {
            }
        }
    });

    private static async Task PrefetchByHand(int n)
    {
        for (int i = 0; i < n / Items; i++)
        {
            using var stop = new CancellationTokenSource();
            var channel = Channel.CreateBounded<int>(new BoundedChannelOptions(16) { SingleReader = true, SingleWriter = true });
            Task writing = Task.Run(
                async () =>
                {
                    Exception? error = null;
                    try
                    {
                        await foreach (int item in NumbersAsync(stop.Token))
                        {
                            await channel.Writer.WriteAsync(item, stop.Token);
                        }
                    }
                    catch (Exception e)
                    {
                        error = e;
                    }

                    channel.Writer.Complete(error);
                },
                stop.Token);
            try
            {
                await foreach (int item in channel.Reader.ReadAllAsync(stop.Token))
                {
                }
            }
            finally
            {
                await stop.CancelAsync();
                await writing;
            }
        }
    }

    private static async Task PlainBuffered(int n)
    {
        for (int i = 0; i < n / Items; i++)
        {
            await foreach (int item in NumbersAsync().Buffered(4, static async ValueTask<int> (item, _) =>
            {
                await Task.Yield();
                return item;
            }))
            {
            }
        }
    }

    private static async Task FiberBuffered(int n)
    {
        for (int i = 0; i < n / Items; i++)
        {
            await foreach (int item in NumbersAsync().Buffered(4, static async (item, _) =>
            {
                await Fiber.Yield();
                return item;
            }))
            {
            }
        }
    }

    private static async Task BufferedByHand(int n)
    {
        for (int i = 0; i < n / Items; i++)
        {
            using var stop = new CancellationTokenSource();
            var channel = Channel.CreateBounded<Task<int>>(new BoundedChannelOptions(3) { SingleReader = true, SingleWriter = true });
            Task writing = Task.Run(
                async () =>
                {
                    Exception? error = null;
                    try
                    {
                        await foreach (int item in NumbersAsync(stop.Token))
                        {
                            await channel.Writer.WriteAsync(WorkAsync(item), stop.Token);
                        }
                    }
                    catch (Exception e)
                    {
                        error = e;
                    }

                    channel.Writer.Complete(error);
                },
                stop.Token);
            try
            {
                await foreach (Task<int> item in channel.Reader.ReadAllAsync(stop.Token))
                {
                    await item;
                }
            }
            finally
            {
                await stop.CancelAsync();
                await writing;
            }
        }
    }

    private static async Task<int> WorkAsync(int item)
    {
        await Task.Yield();
        return item;
    }

    /// <summary>Always ready, but for every hundredth: what operators cost beside the source.</summary>
    private static async IAsyncEnumerable<int> NumbersAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (int i = 0; i < Items; i++)
        {
            if (i % 100 == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await Task.Yield();
            }

            yield return i;
        }
    }
}
