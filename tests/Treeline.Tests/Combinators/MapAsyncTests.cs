#pragma warning disable CS1998 // work that is done at once is part of what is tested

using System.Runtime.CompilerServices;

namespace Treeline.Tests.Combinators;

public sealed class MapAsyncTests : TreeTest
{
    [Fact]
    public Task Results_are_in_the_order_of_the_items_whatever_is_done_first() => InTime(async () =>
    {
        TaskCompletionSource last = Signal();
        int[] results = await Concurrently.MapAsync(Enumerable.Range(0, 4), 4, Backwards);
        Assert.Equal([0, 10, 20, 30], results);

        async Fiber<int> Backwards(int item, CancellationToken ct)
        {
            if (item == 3)
            {
                last.SetResult();
            }

            await last.Task;
            return item * 10;
        }
    });

    [Fact]
    public Task Without_a_known_count_all_results_are_there() => InTime(async () =>
    {
        Assert.Equal(
            Enumerable.Range(0, 1000).Where(static i => i % 3 == 0),
            await Concurrently.MapAsync(Enumerable.Range(0, 1000).Where(static i => i % 3 == 0), 7, async (item, _) =>
            {
                await Fiber.Yield();
                return item;
            }));
        Assert.Empty(await Concurrently.MapAsync((IEnumerable<int>)[], 3, static async (item, _) => await Task.FromResult(item)));
    });

    [Fact]
    public Task The_first_failure_stops_the_rest() => InTime(async () =>
    {
        TaskCompletionSource running = Signal();
        Task<int[]> map = Concurrently.MapAsync(Enumerable.Range(0, 100), 2, async (item, ct) =>
        {
            if (item == 0)
            {
                running.SetResult();
                await Forever(ct);
            }

            await running.Task;
            return item == 1 ? throw new OopsException("item 1") : item;
        });
        await Assert.ThrowsAsync<OopsException>(() => map);
    });

    [Fact]
    public Task A_stream_of_results_keeps_the_order() => InTime(async () =>
    {
        var random = new Random(1);
        int[] yields = [.. Enumerable.Range(0, 300).Select(_ => random.Next(5))];
        Assert.Equal(
            Enumerable.Range(0, 300),
            await Concurrently.MapAsync(Enumerable.Range(0, 300).ToAsyncEnumerable(), 40, async (item, _) =>
            {
                for (int i = 0; i < yields[item]; i++)
                {
                    await Task.Yield();
                }

                return item;
            }).ToArrayAsync());
    });

    [Fact]
    public Task A_reader_that_is_slow_slows_the_work_down() => InTime(async () =>
    {
        const int Limit = 3;
        foreach (bool ordered in (bool[])[true, false])
        {
            int begun = 0;
            int read = 0;
            IAsyncEnumerable<int> source = Enumerable.Range(0, 200).ToAsyncEnumerable();
            IAsyncEnumerable<int> results = ordered
                ? Concurrently.MapAsync(source, Limit, Begin)
                : Concurrently.MapUnorderedAsync(source, Limit, Begin);
            await foreach (int item in results)
            {
                read++;
                await Task.Yield();
                Assert.InRange(Volatile.Read(ref begun), read, read + Limit);
            }

            Assert.Equal(200, read);

            async Fiber<int> Begin(int item, CancellationToken ct)
            {
                Interlocked.Increment(ref begun);
                await Fiber.Yield();
                return item;
            }
        }
    });

    [Fact]
    public Task A_stream_that_is_not_read_to_its_end_leaves_nothing_behind() => InTime(async () =>
    {
        foreach (bool ordered in (bool[])[true, false])
        {
            bool disposed = false;
            IAsyncEnumerable<int> results = ordered
                ? Concurrently.MapAsync(Endless(), 3, static async (item, ct) => item)
                : Concurrently.MapUnorderedAsync(Endless(), 3, static async (item, ct) => item);
            await foreach (int item in results)
            {
                if (item >= 10)
                {
                    break;
                }
            }

            Assert.True(disposed);

            async IAsyncEnumerable<int> Endless([EnumeratorCancellation] CancellationToken ct = default)
            {
                try
                {
                    for (int i = 0; ; i++)
                    {
                        await Task.Yield();
                        yield return i;
                    }
                }
                finally
                {
                    disposed = true;
                }
            }
        }
    });

    [Fact]
    public Task A_failure_surfaces_from_the_stream_after_what_came_before() => InTime(async () =>
    {
        foreach (bool ordered in (bool[])[true, false])
        {
            TaskCompletionSource read = Signal();
            IAsyncEnumerable<int> source = Enumerable.Range(0, 10).ToAsyncEnumerable();
            await using IAsyncEnumerator<int> results = (ordered
                ? Concurrently.MapAsync(source, 2, FailSecond)
                : Concurrently.MapUnorderedAsync(source, 2, FailSecond)).GetAsyncEnumerator();
            Assert.True(await results.MoveNextAsync());
            Assert.Equal(0, results.Current);
            read.SetResult();
            await Assert.ThrowsAsync<OopsException>(async () =>
            {
                while (await results.MoveNextAsync())
                {
                }
            });

            async Fiber<int> FailSecond(int item, CancellationToken ct)
            {
                if (item > 0)
                {
                    await read.Task;
                }

                return item == 1 ? throw new OopsException("item 1") : item;
            }
        }
    });

    [Fact]
    public Task Cancelled_the_stream_ends_with_that_token() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource running = Signal();
        Task reading = Concurrently.MapAsync(
            Enumerable.Range(1, 1).ToAsyncEnumerable(),
            2,
            async (item, ct) =>
            {
                running.SetResult();
                await Forever(ct);
                return item;
            },
            outer.Token).ToArrayAsync().AsTask();
        await running.Task;
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Equal(outer.Token, thrown.CancellationToken);
    });

    [Fact]
    public Task A_stream_can_be_read_again() => InTime(async () =>
    {
        IAsyncEnumerable<int> results = Concurrently.MapAsync(
            Enumerable.Range(1, 2).ToAsyncEnumerable(), 2, static (item, _) => Task.FromResult(item));
        Assert.Equal(Enumerable.Range(1, 2), await results.ToArrayAsync());
        Assert.Equal(Enumerable.Range(1, 2), await results.ToArrayAsync());
    });
}
