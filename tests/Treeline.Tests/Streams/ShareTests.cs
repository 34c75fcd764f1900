using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Treeline.Tests.Streams;

public sealed class ShareTests : TreeTest
{
    private readonly Channel<int> _input = Channel.CreateUnbounded<int>();
    private int _opened;
    private int _closed;

    [Fact]
    public Task It_begins_with_the_first_and_later_ones_get_what_comes_from_then_on() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int> shared = Source().Share(scope);
        Assert.Equal(0, _opened);
        await using IAsyncEnumerator<int> first = shared.GetAsyncEnumerator();
        ValueTask<bool> next = first.MoveNextAsync();
        _input.Writer.TryWrite(1);
        Assert.True(await next);
        Assert.Equal(1, first.Current);

        await using IAsyncEnumerator<int> second = shared.GetAsyncEnumerator();
        ValueTask<bool> seconds = second.MoveNextAsync();
        Assert.False(seconds.IsCompleted);
        next = first.MoveNextAsync();
        _input.Writer.TryWrite(2);
        Assert.True(await next);
        Assert.True(await seconds);
        Assert.Equal((2, 2), (first.Current, second.Current));
        Assert.Equal(1, _opened);

        _input.Writer.Complete();
        Assert.False(await first.MoveNextAsync());
        Assert.False(await second.MoveNextAsync());
        Assert.Equal(1, _closed);
    });

    [Fact]
    public Task It_stops_with_the_last_and_begins_anew_with_the_next() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int> shared = Source().Share(scope);
        for (int round = 1; round <= 3; round++)
        {
            _input.Writer.TryWrite(round);
            IAsyncEnumerator<int> first = shared.GetAsyncEnumerator();
            Assert.True(await first.MoveNextAsync());
            Assert.Equal(round, first.Current);
            IAsyncEnumerator<int> second = shared.GetAsyncEnumerator();
            ValueTask<bool> next = second.MoveNextAsync();
            await first.DisposeAsync();
            Assert.Equal(round - 1, _closed);
            _input.Writer.TryWrite(10);
            Assert.True(await next);
            await second.DisposeAsync();
            Assert.Equal((round, round), (_opened, _closed));
            Assert.DoesNotContain(All(), static node => node.Name.Contains("Share"));
        }
    });

    [Fact]
    public Task A_failure_of_the_source_gets_to_all_who_read_and_the_next_begins_anew() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int> shared = Source().Share(scope);
        await using IAsyncEnumerator<int> first = shared.GetAsyncEnumerator();
        await using IAsyncEnumerator<int> second = shared.GetAsyncEnumerator();
        ValueTask<bool> one = first.MoveNextAsync();
        ValueTask<bool> other = second.MoveNextAsync();
        _input.Writer.TryWrite(-1);
        await Assert.ThrowsAsync<OopsException>(async () => await one);
        await Assert.ThrowsAsync<OopsException>(async () => await other);
        _input.Writer.TryWrite(5);
        Assert.Equal(5, await shared.FirstAsync());
        Assert.Equal((2, 2), (_opened, _closed));
        await scope.JoinAsync();
    });

    [Fact]
    public Task A_failure_of_cleanup_surfaces_from_the_last_who_leaves() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerator<int> items = Make().Share(scope).GetAsyncEnumerator();
        Assert.True(await items.MoveNextAsync());
        await Assert.ThrowsAsync<OopsException>(async () => await items.DisposeAsync());
        await scope.JoinAsync();

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
    public Task A_consumer_that_throws_or_is_cancelled_leaves_the_others_alone() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int> shared = Source().Share(scope);
        await using IAsyncEnumerator<int> stays = shared.GetAsyncEnumerator();
        ValueTask<bool> next = stays.MoveNextAsync();

        TaskCompletionSource reads = Signal();
        Task throws = Task.Run(async () =>
        {
            await foreach (int item in Told(shared, reads))
            {
                throw new OopsException("consumer");
            }
        });
        await reads.Task;
        using var gone = new CancellationTokenSource();
        await using IAsyncEnumerator<int> cancelled = shared.GetAsyncEnumerator(gone.Token);
        ValueTask<bool> never = cancelled.MoveNextAsync();
        await gone.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await never);
        Assert.Equal(gone.Token, thrown.CancellationToken);

        _input.Writer.TryWrite(1);
        Assert.True(await next);
        await Assert.ThrowsAsync<OopsException>(() => throws);
        _input.Writer.TryWrite(2);
        Assert.True(await stays.MoveNextAsync());
        Assert.Equal(2, stays.Current);
        Assert.Equal((1, 0), (_opened, _closed));
    });

    [Fact]
    public Task A_consumer_is_cancelled_with_the_scope_it_reads_in() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        IAsyncEnumerable<int> shared = Source().Share(scope);
        await using TaskScope reader = TaskScope.Open();
        ChildTask child = reader.Spawn(async _ => await shared.FirstAsync());
        await Until(() => Volatile.Read(ref _opened) == 1);
        reader.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await child);
        Assert.Equal(1, _closed);
    });

    /// <summary>The same, read ahead by one, so that one can say when it is being read.</summary>
    private static async IAsyncEnumerable<int> Told(IAsyncEnumerable<int> items, TaskCompletionSource reads)
    {
        await using IAsyncEnumerator<int> inner = items.GetAsyncEnumerator();
        ValueTask<bool> next = inner.MoveNextAsync();
        reads.SetResult();
        while (await next)
        {
            yield return inner.Current;
            next = inner.MoveNextAsync();
        }
    }

    private async IAsyncEnumerable<int> Source([EnumeratorCancellation] CancellationToken ct = default)
    {
        Interlocked.Increment(ref _opened);
        try
        {
            await foreach (int item in _input.Reader.ReadAllAsync(ct))
            {
                yield return item >= 0 ? item : throw new OopsException("source");
            }
        }
        finally
        {
            await Task.Yield();
            Interlocked.Increment(ref _closed);
        }
    }
}
