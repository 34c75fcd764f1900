using System.Runtime.CompilerServices;

namespace Treeline.Tests.Streams;

public sealed class TakeUntilTests : StreamOperatorTests
{
    protected override string Name => "TakeUntil";

    [Fact]
    public Task It_ends_quietly_when_the_source_has_unwound() => InTime(async events =>
    {
        using var enough = new CancellationTokenSource();
        await using IAsyncEnumerator<int> items = Make().TakeUntil(enough.Token).GetAsyncEnumerator();
        Assert.True(await items.MoveNextAsync());
        ValueTask<bool> next = items.MoveNextAsync();
        Assert.False(next.IsCompleted);
        await enough.CancelAsync();
        Assert.False(await next);
        Assert.False(await items.MoveNextAsync());
        events.Finish(2);

        async IAsyncEnumerable<int> Make([EnumeratorCancellation] CancellationToken ct = default)
        {
            try
            {
                yield return 1;
                await Forever(ct);
            }
            finally
            {
                await Task.Yield();
                events.Expect(1);
            }
        }
    });

    [Fact]
    public Task Said_while_the_consumer_is_at_work_nothing_more_is_taken() => InTime(async () =>
    {
        using var enough = new CancellationTokenSource();
        var taken = new List<int>();
        await foreach (int item in AsyncEnumerable.Range(0, 100).TakeUntil(enough.Token))
        {
            taken.Add(item);
            if (item == 4)
            {
                await enough.CancelAsync();
            }
        }

        Assert.Equal([0, 1, 2, 3, 4], taken);
    });

    [Fact]
    public Task Said_before_the_source_is_not_touched() => InTime(async () =>
    {
        using var enough = new CancellationTokenSource();
        await enough.CancelAsync();
        Assert.Empty(await Make().TakeUntil(enough.Token).ToArrayAsync());

        static async IAsyncEnumerable<int> Make()
        {
            Assert.Fail("It was touched.");
            await Task.Yield();
            yield return 1;
        }
    });

    [Fact]
    public Task An_item_that_comes_all_the_same_is_given() => InTime(async () =>
    {
        TaskCompletionSource go = Signal();
        using var enough = new CancellationTokenSource();
        await using IAsyncEnumerator<int> items = Deaf().TakeUntil(enough.Token).GetAsyncEnumerator();
        ValueTask<bool> next = items.MoveNextAsync();
        await enough.CancelAsync();
        go.SetResult();
        Assert.True(await next);
        Assert.Equal(1, items.Current);
        Assert.False(await items.MoveNextAsync());

        async IAsyncEnumerable<int> Deaf()
        {
            await go.Task;
            yield return 1;
            yield return 2;
        }
    });

    [Fact]
    public Task A_failure_in_unwinding_surfaces() => InTime(async () =>
    {
        using var enough = new CancellationTokenSource();
        await using IAsyncEnumerator<int> items = Make().TakeUntil(enough.Token).GetAsyncEnumerator();
        ValueTask<bool> next = items.MoveNextAsync();
        await enough.CancelAsync();
        await Assert.ThrowsAsync<OopsException>(async () => await next);

        static async IAsyncEnumerable<int> Make([EnumeratorCancellation] CancellationToken ct = default)
        {
            await Forever(ct).ContinueWith(static _ => { }, TaskScheduler.Default);
            yield return ct.IsCancellationRequested ? throw new OopsException("unwinding") : 1;
        }
    });

    [Fact]
    public Task Cancelled_first_that_surfaces_though_it_was_told_to_end_as_well() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        using var enough = new CancellationTokenSource();
        await using IAsyncEnumerator<int> items = Make().TakeUntil(enough.Token).GetAsyncEnumerator(outer.Token);
        ValueTask<bool> next = items.MoveNextAsync();
        await outer.CancelAsync();
        await enough.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
        Assert.Equal(outer.Token, thrown.CancellationToken);

        static async IAsyncEnumerable<int> Make([EnumeratorCancellation] CancellationToken ct = default)
        {
            await Forever(ct);
            yield return 1;
        }
    });

    protected override IAsyncEnumerable<int> Apply(IAsyncEnumerable<int> source) => source.TakeUntil(CancellationToken.None);
}
