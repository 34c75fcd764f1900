using System.Runtime.CompilerServices;

namespace Treeline.Tests.Streams;

/// <summary>What each operator on one stream keeps to, whatever else it does.</summary>
public abstract class StreamOperatorTests : TreeTest
{
    private readonly TaskCompletionSource _unwound = Signal();

    /// <summary>Does what the node of the operator in the tree is called.</summary>
    protected abstract string Name { get; }

    [Fact]
    public Task Nothing_is_read_before_it_is_and_it_can_be_read_again() => InTime(async () =>
    {
        int opened = 0;
        IAsyncEnumerable<int> stream = Apply(Make());
        Assert.Equal(0, opened);
        Assert.Equal(7, Assert.Single(await stream.ToArrayAsync()));
        Assert.Equal(7, Assert.Single(await stream.ToArrayAsync()));
        Assert.Equal(2, opened);

        async IAsyncEnumerable<int> Make()
        {
            opened++;
            await Task.Yield();
            yield return 7;
        }
    });

    [Fact]
    public Task Of_an_empty_source_nothing_comes() => InTime(async () =>
        Assert.Empty(await Apply(AsyncEnumerable.Empty<int>()).ToArrayAsync()));

    [Fact]
    public Task The_last_item_comes_and_what_comes_is_in_order() => InTime(async () =>
    {
        int[] items = await Apply(Make()).ToArrayAsync();
        Assert.Equal(100, items[^1]);
        Assert.Equal(items.Order(), items);
        Assert.Equal(items.Distinct(), items);

        static async IAsyncEnumerable<int> Make()
        {
            for (int i = 1; i <= 100; i++)
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
    public Task Leaving_the_loop_waits_until_the_source_has_unwound() => InTime(async () =>
    {
        await foreach (int item in Apply(OneAndThenNone()))
        {
            Assert.Equal(1, item);
            Assert.Contains(All(), node => node.Name == Name);
            break;
        }

        Assert.True(_unwound.Task.IsCompleted);
        Assert.DoesNotContain(All(), node => node.Name == Name);
    });

    [Fact]
    public Task A_consumer_that_throws_leaves_nothing_behind() => InTime(async () =>
    {
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(async () =>
        {
            await foreach (int item in Apply(OneAndThenNone()))
            {
                throw new OopsException("consumer");
            }
        });
        Assert.Equal("consumer", thrown.Message);
        Assert.True(_unwound.Task.IsCompleted);
        Assert.DoesNotContain(All(), node => node.Name == Name);
    });

    [Fact]
    public Task Cancelled_it_ends_with_that_token_and_the_source_has_unwound() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        await using IAsyncEnumerator<int> items = Apply(OneAndThenNone()).GetAsyncEnumerator(outer.Token);
        Assert.True(await items.MoveNextAsync());
        ValueTask<bool> next = items.MoveNextAsync();
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
        Assert.Equal(outer.Token, thrown.CancellationToken);
        Assert.True(_unwound.Task.IsCompleted);
    });

    [Fact]
    public Task Cancelled_before_it_begins_it_gives_nothing() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (int item in Apply(AsyncEnumerable.Range(0, 3)).WithCancellation(outer.Token))
            {
                Assert.Fail("Nothing was to come.");
            }
        });
        Assert.Equal(outer.Token, thrown.CancellationToken);
    });

    [Fact]
    public Task It_is_cancelled_with_the_scope_in_which_it_is_read() => InTime(async () =>
    {
        TaskCompletionSource first = Signal();
        await using TaskScope scope = TaskScope.Open();
        ChildTask child = scope.Spawn(async _ =>
        {
            await foreach (int item in Apply(OneAndThenNone()))
            {
                first.SetResult();
            }
        });
        await first.Task;
        scope.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await child);
        Assert.True(_unwound.Task.IsCompleted);
    });

    [Fact]
    public Task A_failure_of_the_source_surfaces_after_what_came_before() => InTime(async () =>
    {
        TaskCompletionSource seen = Signal();
        await using IAsyncEnumerator<int> items = Apply(Make()).GetAsyncEnumerator();
        Assert.True(await items.MoveNextAsync());
        Assert.Equal(1, items.Current);
        seen.SetResult();
        Assert.True(await items.MoveNextAsync());
        Assert.Equal(2, items.Current);
        Assert.Equal("source", (await Assert.ThrowsAsync<OopsException>(async () => await items.MoveNextAsync())).Message);
        Assert.False(await items.MoveNextAsync());

        async IAsyncEnumerable<int> Make()
        {
            yield return 1;
            await seen.Task;
            yield return 2;
            throw new OopsException("source");
        }
    });

    [Fact]
    public Task A_failure_of_cleanup_after_leaving_surfaces_from_the_disposal() => InTime(async () =>
    {
        IAsyncEnumerator<int> items = Apply(Make()).GetAsyncEnumerator();
        Assert.True(await items.MoveNextAsync());
        await Assert.ThrowsAsync<OopsException>(async () => await items.DisposeAsync());

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

    /// <summary>The operator, over a stream that is not in a hurry.</summary>
    protected abstract IAsyncEnumerable<int> Apply(IAsyncEnumerable<int> source);

    private async IAsyncEnumerable<int> OneAndThenNone([EnumeratorCancellation] CancellationToken ct = default)
    {
        try
        {
            yield return 1;
            await Forever(ct);
        }
        finally
        {
            await Task.Yield();
            _unwound.SetResult();
        }
    }
}
