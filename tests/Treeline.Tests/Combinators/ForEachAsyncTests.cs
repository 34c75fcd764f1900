#pragma warning disable CS1998 // work that is done at once is part of what is tested

using System.Runtime.CompilerServices;

namespace Treeline.Tests.Combinators;

public sealed class ForEachAsyncTests : TreeTest
{
    [Fact]
    public Task Each_item_is_done_once_and_never_more_at_a_time_than_allowed() => InTime(async () =>
    {
        const int Limit = 3;
        int atWork = 0;
        int most = 0;
        int[] done = new int[500];
        await Concurrently.ForEachAsync(Enumerable.Range(0, done.Length), Limit, async (item, _) =>
        {
            int now = Interlocked.Increment(ref atWork);
            InterlockedMax(ref most, now);
            await (item % 3 == 0 ? Task.Delay(0) : Task.Run(static () => { }));
            Interlocked.Increment(ref done[item]);
            Interlocked.Decrement(ref atWork);
        });
        Assert.All(done, static count => Assert.Equal(1, count));
        Assert.InRange(most, 1, Limit);
    });

    [Fact]
    public Task As_many_are_at_work_as_allowed() => InTime(async () =>
    {
        int atWork = 0;
        TaskCompletionSource all = Signal();
        await Concurrently.ForEachAsync(Enumerable.Range(0, 8), 8, async (_, _) =>
        {
            if (Interlocked.Increment(ref atWork) == 8)
            {
                all.SetResult();
            }

            await all.Task;
        });
        Assert.Equal(8, atWork);
    });

    [Fact]
    public Task A_limit_beyond_the_items_starts_no_more_workers_than_needed() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        Task loop = Concurrently.ForEachAsync([1, 2], int.MaxValue, async (_, _) => await go.Task);
        await Until(() => Find("ForEachAsync").Children.Count == 2);
        go.SetResult();
        await loop;
    });

    [Fact]
    public Task The_first_failure_stops_the_rest_and_no_more_items_are_taken() => InTime(async events =>
    {
        TaskCompletionSource running = Signal();
        int taken = 0;
        bool disposed = false;
        Task loop = Concurrently.ForEachAsync(Items(), 2, async (item, ct) =>
        {
            if (item == 0)
            {
                try
                {
                    running.SetResult();
                    await Forever(ct);
                }
                finally
                {
                    await Task.Yield();
                    events.Expect(1);
                }
            }

            await running.Task;
            throw new OopsException("item 1");
        });
        Assert.Equal("item 1", (await Assert.ThrowsAsync<OopsException>(() => loop)).Message);
        Assert.Equal(2, taken);
        Assert.True(disposed);
        events.Finish(2);

        IEnumerable<int> Items()
        {
            try
            {
                while (true)
                {
                    yield return taken++;
                }
            }
            finally
            {
                disposed = true;
            }
        }
    });

    [Fact]
    public Task A_failing_source_surfaces_is_not_asked_again_and_is_disposed() => InTime(async () =>
    {
        foreach (int limit in (int[])[1, 4])
        {
            int asked = 0;
            bool disposed = false;
            Task loop = Concurrently.ForEachAsync(Items(), limit, async (_, ct) => await Task.Yield());
            Assert.Equal("source", (await Assert.ThrowsAsync<OopsException>(() => loop)).Message);
            Assert.Equal(1, asked);
            Assert.True(disposed);

            async IAsyncEnumerable<int> Items()
            {
                try
                {
                    yield return 1;
                    await Task.Yield();
                    asked++;
                    throw new OopsException("source");
                }
                finally
                {
                    disposed = true;
                }
            }
        }
    });

    [Fact]
    public Task A_failure_of_the_sources_disposal_rides_along() => InTime(async () =>
    {
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => Concurrently.ForEachAsync(
            Items(), 1, async (_, _) =>
            {
                await Task.Yield();
                throw new OopsException("item");
            }));
        Assert.Equal(["item", "disposal"], thrown.Failures.Select(static failure => failure.Exception.Message));

        static IEnumerable<int> Items()
        {
            try
            {
                yield return 1;
            }
            finally
            {
                Throw();
            }
        }

        static void Throw() => throw new OopsException("disposal");
    });

    [Fact]
    public Task A_source_that_cannot_be_opened_fails_the_loop() => InTime(async () =>
        await Assert.ThrowsAsync<OopsException>(
            () => Concurrently.ForEachAsync(new Unopenable(), 2, static async (_, _) => await Task.Yield())));

    [Fact]
    public Task Cancelled_from_outside_items_end_the_source_is_told_and_disposed() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource waiting = Signal();
        bool disposed = false;
        Task loop = Concurrently.ForEachAsync(Items(), 4, static async (_, ct) => await Forever(ct), outer.Token);
        await waiting.Task;
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
        Assert.Equal(outer.Token, thrown.CancellationToken);
        Assert.True(disposed);

        async IAsyncEnumerable<int> Items([EnumeratorCancellation] CancellationToken ct = default)
        {
            try
            {
                yield return 1;
                waiting.SetResult();
                await Forever(ct);
            }
            finally
            {
                await Task.Yield();
                disposed = true;
            }
        }
    });

    [Fact]
    public Task Cancelled_when_all_was_done_it_has_succeeded() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        int done = 0;
        await Concurrently.ForEachAsync(
            [1],
            1,
            async (_, _) =>
            {
                done++;
                await Task.Yield();
            },
            outer.Token);
        await outer.CancelAsync();
        Assert.Equal(1, done);
    });

    [Fact]
    public Task Many_workers_share_a_source_that_waits() => InTime(async () =>
    {
        var done = new HashSet<int>();
        await Concurrently.ForEachAsync(Items(), 16, async (item, _) =>
        {
            await Fiber.Yield();
            lock (done)
            {
                Assert.True(done.Add(item));
            }
        });
        Assert.Equal(1000, done.Count);

        static async IAsyncEnumerable<int> Items()
        {
            for (int i = 0; i < 1000; i++)
            {
                if (i % 7 == 0)
                {
                    await Task.Yield();
                }

                yield return i;
            }
        }
    });

    [Fact]
    public Task Items_run_in_the_tree_below_their_worker() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        Task loop = Concurrently.ForEachAsync([1], 1, async (_, ct) =>
            await TaskScope.RunAsync(async scope => await go.Task, ct, name: "below"));
        await Until(() => All().Any(static node => node.Name == "below"));
        NodeSnapshot worker = Assert.Single(Find("ForEachAsync").Children);
        Assert.StartsWith("ForEachAsyncTests.cs:", worker.SpawnSite, StringComparison.Ordinal);
        Assert.Equal("below", Assert.Single(worker.Children).Name);
        go.SetResult();
        await loop;
    });

    [Fact]
    public Task Over_nothing_it_is_done() => InTime(async () =>
        await Concurrently.ForEachAsync((IEnumerable<int>)[], 4, static async (_, _) => await Task.FromException(new OopsException("no"))));

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }

    private sealed class Unopenable : IAsyncEnumerable<int>
    {
        public IAsyncEnumerator<int> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
            throw new OopsException("cannot be opened");
    }
}
