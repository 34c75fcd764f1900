using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Treeline.Tests.Streams;

/// <summary>
/// Consumers that leave and are cancelled at any time, on real threads. Whatever happens, what they got is a whole piece of the
/// stream, and every source that was opened has been disposed when the last of them is gone.
/// </summary>
public sealed class StreamStressTests : TreeTest
{
    private static readonly TimeSpan s_time = TimeSpan.FromMilliseconds(700);

    private int _open;

    [Fact]
    public Task What_was_read_ahead_is_whole() => InTime(() => EachRound(
        static (source, random) => [source.Prefetch(random.Next(1, 5)), source.ChunksTimeout(3, TimeSpan.FromSeconds(9)).SelectMany(static c => c)],
        readsAtOnce: false));

    [Fact]
    public Task Each_consumer_of_a_broadcast_gets_a_whole_piece() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        await EachRound((source, random) => source.Broadcast(scope, random.Next(1, 4)), readsAtOnce: true);
    });

    [Fact]
    public Task Each_consumer_of_a_shared_stream_gets_a_whole_piece() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        await EachRound((source, random) => Enumerable.Repeat(source.Share(scope), random.Next(1, 5)), readsAtOnce: true);
    });

    [Fact]
    public Task What_is_received_from_a_channel_is_whole() => InTime(() => EachRound(
        static (source, random) => [Filled(source, random.Next(1, 5))], readsAtOnce: false));

    private static async IAsyncEnumerable<int> Filled(
        IAsyncEnumerable<int> source, int capacity, [EnumeratorCancellation] CancellationToken ct = default)
    {
        await using TaskScope scope = TaskScope.Open(CancellationToken.None);
        using MpscReceiver<int> receiver = source.ToChannel(scope, capacity);
        await foreach (int item in receiver.WithCancellation(ct))
        {
            yield return item;
        }
    }

    private static async Task<string?> ReadAsync(IAsyncEnumerable<int> stream, int leavesAfter, int cancelledAfter)
    {
        using var gone = new CancellationTokenSource();
        Task cancelling = cancelledAfter < 0 ? Task.CompletedTask : Task.Run(() =>
        {
            Thread.SpinWait(cancelledAfter);
            gone.Cancel();
        });
        int? last = null;
        int count = 0;
        try
        {
            await foreach (int item in stream.WithCancellation(gone.Token))
            {
                if (item != (last ?? item - 1) + 1)
                {
                    return $"{item} came after {last}";
                }

                last = item;
                if (++count == leavesAfter)
                {
                    return null;
                }
            }

            return last is null or Source.Last ? null : $"it ended with {last}";
        }
        catch (OperationCanceledException e) when (gone.IsCancellationRequested && e.CancellationToken == gone.Token)
        {
            return null;
        }
        finally
        {
            await cancelling;
        }
    }

    private async Task EachRound(
        Func<IAsyncEnumerable<int>, Random, IEnumerable<IAsyncEnumerable<int>>> apply, bool readsAtOnce)
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("TREELINE_SEED"), CultureInfo.InvariantCulture, out int given)
            ? given
            : Random.Shared.Next();
        var random = new Random(seed);
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; Stopwatch.GetElapsedTime(start) < s_time; round++)
        {
            var reads = new List<Task<string?>>();
            int yields = random.Next(2, 20);
            foreach (IAsyncEnumerable<int> stream in apply(Numbers(yields), random))
            {
                int leavesAfter = random.Next(3) == 0 ? random.Next(1, 60) : int.MaxValue;
                int cancelledAfter = random.Next(3) == 0 ? random.Next(3_000) : -1;
                reads.Add(Task.Run(() => ReadAsync(stream, leavesAfter, cancelledAfter)));
                if (!readsAtOnce)
                {
                    await reads[^1];
                }
            }

            foreach (string? mistake in await Task.WhenAll(reads))
            {
                Assert.True(mistake is null, $"Seed {seed}, round {round}: {mistake}.");
            }

            Assert.True(Volatile.Read(ref _open) == 0, $"Seed {seed}, round {round}: {_open} sources are open.");
        }
    }

    private async IAsyncEnumerable<int> Numbers(int yields, [EnumeratorCancellation] CancellationToken ct = default)
    {
        Interlocked.Increment(ref _open);
        try
        {
            for (int i = 0; i <= Source.Last; i++)
            {
                if (i % yields == 0)
                {
                    await Task.Yield();
                }

                ct.ThrowIfCancellationRequested();
                yield return i;
            }
        }
        finally
        {
            await Task.Yield();
            Interlocked.Decrement(ref _open);
        }
    }

    private static class Source
    {
        public const int Last = 100;
    }
}
