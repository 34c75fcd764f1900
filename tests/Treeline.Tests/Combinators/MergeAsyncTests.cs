using System.Runtime.CompilerServices;

namespace Treeline.Tests.Combinators;

public sealed class MergeAsyncTests : TreeTest
{
    private int _unwound;

    [Fact]
    public Task Items_come_in_the_order_of_arrival() => InTime(async () =>
    {
        TaskCompletionSource[] go = [Signal(), Signal(), Signal()];
        await using IAsyncEnumerator<string> merged =
            Concurrently.MergeAsync([Stream("a", go[0], go[2]), Stream("b", go[1])]).GetAsyncEnumerator();
        go[1].SetResult();
        Assert.Equal("b0", await NextAsync(merged));
        go[0].SetResult();
        Assert.Equal("a0", await NextAsync(merged));
        ValueTask<bool> last = merged.MoveNextAsync();
        Assert.False(last.IsCompleted);
        go[2].SetResult();
        Assert.True(await last);
        Assert.Equal("a1", merged.Current);
        Assert.False(await merged.MoveNextAsync());
    });

    [Fact]
    public Task Every_item_comes_once_and_each_streams_in_order() => InTime(async () =>
    {
        const int Streams = 5;
        const int Items = 500;
        List<(int Stream, int Item)> all = await Concurrently.MergeAsync(Enumerable.Range(0, Streams).Select(Count)).ToListAsync();
        Assert.Equal(Streams * Items, all.Count);
        Assert.All(Enumerable.Range(0, Streams), stream => Assert.Equal(
            Enumerable.Range(0, Items), all.Where(each => each.Stream == stream).Select(static each => each.Item)));

        static async IAsyncEnumerable<(int, int)> Count(int stream)
        {
            for (int i = 0; i < Items; i++)
            {
                if (i % (stream + 2) == 0)
                {
                    await Task.Yield();
                }

                yield return (stream, i);
            }
        }
    });

    [Fact]
    public Task A_stream_is_at_most_one_item_ahead() => InTime(async () =>
    {
        int made = 0;
        await using (IAsyncEnumerator<int> merged = Concurrently.MergeAsync([Make(), Make()]).GetAsyncEnumerator())
        {
            for (int read = 1; read <= 50; read++)
            {
                Assert.True(await merged.MoveNextAsync());
                Assert.InRange(Volatile.Read(ref made), read, read + 2);
            }
        }

        async IAsyncEnumerable<int> Make()
        {
            while (true)
            {
                await Task.Yield();
                yield return Interlocked.Increment(ref made);
            }
        }
    });

    [Fact]
    public Task A_failure_cancels_the_others_and_surfaces_after_what_came_before() => InTime(async events =>
    {
        TaskCompletionSource taken = Signal();
        TaskCompletionSource waiting = Signal();
        await using IAsyncEnumerator<int> merged = Concurrently.MergeAsync([Fails(), Waits()]).GetAsyncEnumerator();
        Assert.True(await merged.MoveNextAsync());
        Assert.Equal(1, merged.Current);
        taken.SetResult();
        Assert.Equal("source", (await Assert.ThrowsAsync<OopsException>(async () => await merged.MoveNextAsync())).Message);
        events.Finish(2);

        async IAsyncEnumerable<int> Fails()
        {
            yield return 1;
            await taken.Task;
            await waiting.Task;
            throw new OopsException("source");
        }

        async IAsyncEnumerable<int> Waits([EnumeratorCancellation] CancellationToken ct = default)
        {
            try
            {
                waiting.SetResult();
                await Forever(ct);
                yield return 2;
            }
            finally
            {
                await Task.Yield();
                events.Expect(1);
            }
        }
    });

    [Fact]
    public Task A_consumer_that_stops_early_leaves_nothing_behind() => InTime(async events =>
    {
        int seen = 0;
        await foreach (int item in Concurrently.MergeAsync([Make(1), Make(2)]))
        {
            Assert.Contains(All(), static node => node.Name == "MergeAsync");
            seen += item;
            if (seen == 3)
            {
                break;
            }
        }

        Assert.DoesNotContain(All(), static node => node.Name == "MergeAsync");
        events.Expect(3);
        events.Finish(4);

        async IAsyncEnumerable<int> Make(int number, [EnumeratorCancellation] CancellationToken ct = default)
        {
            try
            {
                yield return number;
                await Forever(ct);
            }
            finally
            {
                lock (events)
                {
                    events.Expect(++_unwound);
                }
            }
        }
    });

    [Fact]
    public Task A_failure_of_cleanup_after_stopping_early_surfaces_from_the_disposal() => InTime(async () =>
    {
        IAsyncEnumerator<int> merged = Concurrently.MergeAsync([Make()]).GetAsyncEnumerator();
        Assert.True(await merged.MoveNextAsync());
        await Assert.ThrowsAsync<OopsException>(async () => await merged.DisposeAsync());

        static async IAsyncEnumerable<int> Make([EnumeratorCancellation] CancellationToken ct = default)
        {
            try
            {
                yield return 1;
                await Forever(ct);
            }
            finally
            {
                Throw();
            }
        }

        static void Throw() => throw new OopsException("cleanup");
    });

    [Fact]
    public Task Cancelled_it_ends_with_that_token() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        await using IAsyncEnumerator<int> merged = Concurrently.MergeAsync([Make()]).GetAsyncEnumerator(outer.Token);
        Assert.True(await merged.MoveNextAsync());
        ValueTask<bool> next = merged.MoveNextAsync();
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
        Assert.Equal(outer.Token, thrown.CancellationToken);

        static async IAsyncEnumerable<int> Make([EnumeratorCancellation] CancellationToken ct = default)
        {
            yield return 1;
            await Forever(ct);
        }
    });

    [Fact]
    public Task Nothing_is_read_before_it_is_and_it_can_be_read_again() => InTime(async () =>
    {
        int opened = 0;
        IAsyncEnumerable<int> merged = Concurrently.MergeAsync([Make()]);
        Assert.Equal(0, opened);
        Assert.Equal(1, Assert.Single(await merged.ToArrayAsync()));
        Assert.Equal(1, Assert.Single(await merged.ToArrayAsync()));
        Assert.Equal(2, opened);

        async IAsyncEnumerable<int> Make()
        {
            opened++;
            await Task.Yield();
            yield return 1;
        }
    });

    [Fact]
    public Task Of_no_streams_the_merge_is_empty() => InTime(async () =>
        Assert.Empty(await Concurrently.MergeAsync<int>([]).ToArrayAsync()));

    private static async Task<T> NextAsync<T>(IAsyncEnumerator<T> stream)
    {
        Assert.True(await stream.MoveNextAsync());
        return stream.Current;
    }

    private static async IAsyncEnumerable<string> Stream(string name, params TaskCompletionSource[] go)
    {
        for (int i = 0; i < go.Length; i++)
        {
            await go[i].Task;
            yield return $"{name}{i}";
        }
    }
}
