using System.Runtime.CompilerServices;

namespace Treeline.Tests.Streams;

public sealed class BroadcastTests : TreeTest
{
    private int _opened;
    private int _closed;

    [Fact]
    public Task Each_consumer_gets_everything_in_order() => InTime(async () =>
    {
        int[][] got = await TaskScope.RunAsync(async scope =>
        {
            IAsyncEnumerable<int>[] streams = Numbers(1_000).Broadcast(scope, 3);
            return await Concurrently.TryJoinAsync(
                streams.Select(static stream => (Func<CancellationToken, Task<int[]>>)(ct => stream.ToArrayAsync(ct).AsTask())),
                scope.Token);
        });
        Assert.Equal(3, got.Length);
        Assert.All(got, static items => Assert.Equal(Enumerable.Range(1, 1_000), items));
        Assert.Equal((1, 1), (_opened, _closed));
    });

    [Fact]
    public Task It_begins_when_all_have_begun_and_nobody_gets_far_ahead_of_the_slowest() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int>[] streams = Numbers(int.MaxValue).Broadcast(scope, 2);
        await using IAsyncEnumerator<int> quick = streams[0].GetAsyncEnumerator();
        await using IAsyncEnumerator<int> slow = streams[1].GetAsyncEnumerator();
        ValueTask<bool> first = quick.MoveNextAsync();
        Assert.Equal(0, _opened);
        Assert.True(await slow.MoveNextAsync());
        Assert.True(await first);
        // The slow one holds 1 and has 2 waiting for it, so 3 waits for the slow one; the quick one can have it.
        Assert.True(await quick.MoveNextAsync());
        Assert.True(await quick.MoveNextAsync());
        Assert.Equal(3, quick.Current);
        ValueTask<bool> fourth = quick.MoveNextAsync();
        await Until(static () => All().Exists(static node => node.WaitsOn?.Contains("the consumer of the stream") == true));
        Assert.False(fourth.IsCompleted);
        Assert.True(await slow.MoveNextAsync());
        Assert.Equal(2, slow.Current);
        Assert.True(await fourth);
        Assert.Equal(4, quick.Current);
    });

    [Fact]
    public Task One_who_leaves_holds_nobody_up_and_the_last_waits_for_the_source() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int>[] streams = Numbers(int.MaxValue).Broadcast(scope, 2);
        IAsyncEnumerator<int> leaves = streams[0].GetAsyncEnumerator();
        IAsyncEnumerator<int> stays = streams[1].GetAsyncEnumerator();
        ValueTask<bool> first = leaves.MoveNextAsync();
        Assert.True(await stays.MoveNextAsync());
        Assert.True(await first);
        await leaves.DisposeAsync();
        for (int i = 2; i <= 100; i++)
        {
            Assert.True(await stays.MoveNextAsync());
            Assert.Equal(i, stays.Current);
        }

        Assert.Equal(0, _closed);
        await stays.DisposeAsync();
        Assert.Equal(1, _closed);
        Assert.DoesNotContain(All(), static node => node.Name.Contains("Broadcast"));
    });

    [Fact]
    public Task One_who_leaves_before_the_last_has_come_is_not_waited_for() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int>[] streams = Numbers(3).Broadcast(scope, 2);
        using var gone = new CancellationTokenSource();
        await using (IAsyncEnumerator<int> leaves = streams[0].GetAsyncEnumerator(gone.Token))
        {
            ValueTask<bool> first = leaves.MoveNextAsync();
            await gone.CancelAsync();
            OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await first);
            Assert.Equal(gone.Token, thrown.CancellationToken);
        }

        Assert.Equal(0, _opened);
        Assert.Equal(Enumerable.Range(1, 3), await streams[1].ToArrayAsync());
    });

    [Fact]
    public Task One_who_is_cancelled_before_it_begins_has_come_and_gone() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int>[] streams = Numbers(3).Broadcast(scope, 2);
        var cancelled = new CancellationToken(canceled: true);
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await streams[0].ToArrayAsync(cancelled));
        Assert.Equal(cancelled, thrown.CancellationToken);
        Assert.Equal(Enumerable.Range(1, 3), await streams[1].ToArrayAsync());
    });

    [Fact]
    public Task A_failure_of_the_source_gets_to_each_after_what_came_before_and_not_to_the_scope() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int>[] streams = Numbers(2, new OopsException("source")).Broadcast(scope, 2);
        Task<(int Count, string Error)>[] both = [.. streams.Select(CountAsync)];
        Assert.All(await Task.WhenAll(both), static one => Assert.Equal((2, "source"), one));
        await scope.JoinAsync();

        static async Task<(int, string)> CountAsync(IAsyncEnumerable<int> stream)
        {
            int count = 0;
            OopsException thrown = await Assert.ThrowsAsync<OopsException>(async () =>
            {
                await foreach (int item in stream)
                {
                    count++;
                }
            });
            return (count, thrown.Message);
        }
    });

    [Fact]
    public Task A_consumer_that_throws_takes_the_others_with_it_only_by_its_scope() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(async scope =>
        {
            foreach ((int number, IAsyncEnumerable<int> stream) in Numbers(int.MaxValue).Broadcast(scope, 3).Index())
            {
                scope.Spawn(async _ =>
                {
                    await foreach (int item in stream)
                    {
                        if (item == 20 && number == 1)
                        {
                            throw new OopsException("consumer");
                        }
                    }
                });
            }
        }));
        Assert.Equal("consumer", thrown.Message);
        Assert.Equal((1, 1), (_opened, _closed));
    });

    [Fact]
    public Task When_the_scope_is_cancelled_the_reading_ends_for_all() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int>[] streams = Never().Broadcast(scope, 2);
        Task<OperationCanceledException>[] both =
        [
            .. streams.Select(static stream =>
                Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await stream.ToArrayAsync())),
        ];
        await Until(() => Volatile.Read(ref _opened) == 1);
        scope.Cancel("enough");
        Assert.All(await Task.WhenAll(both), static e => Assert.Contains("enough", e.Message));
        await scope.DisposeAsync();
        Assert.Equal(1, _closed);
    });

    [Fact]
    public Task A_stream_of_it_is_read_once_only() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int> stream = Assert.Single(Numbers(3).Broadcast(scope, 1));
        Assert.Equal(0, _opened);
        Assert.Equal(Enumerable.Range(1, 3), await stream.ToArrayAsync());
        Assert.Contains(
            "read already",
            (await Assert.ThrowsAsync<InvalidOperationException>(async () => await stream.ToArrayAsync())).Message);
    });

    [Fact]
    public Task In_a_scope_that_has_ended_reading_throws() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open();
        await scope.DisposeAsync();
        IAsyncEnumerable<int> stream = Assert.Single(Numbers(3).Broadcast(scope, 1));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await stream.ToArrayAsync());
        Assert.Equal(0, _opened);
    });

    [Fact]
    public Task Less_than_one_consumer_is_refused_at_the_call() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        Assert.Throws<ArgumentOutOfRangeException>(() => Numbers(1).Broadcast(scope, 0));
    });

    private async IAsyncEnumerable<int> Numbers(
        int count, Exception? error = null, [EnumeratorCancellation] CancellationToken ct = default)
    {
        Interlocked.Increment(ref _opened);
        try
        {
            for (int i = 1; i <= count; i++)
            {
                if (i % 3 == 0)
                {
                    await Task.Yield();
                }

                ct.ThrowIfCancellationRequested();
                yield return i;
            }

            if (error is not null)
            {
                throw error;
            }
        }
        finally
        {
            await Task.Yield();
            Interlocked.Increment(ref _closed);
        }
    }

    private async IAsyncEnumerable<int> Never([EnumeratorCancellation] CancellationToken ct = default)
    {
        Interlocked.Increment(ref _opened);
        try
        {
            await Forever(ct);
            yield return 1;
        }
        finally
        {
            await Task.Yield();
            Interlocked.Increment(ref _closed);
        }
    }
}
