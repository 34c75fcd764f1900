// Waits that have ended are looked into by hand.
#pragma warning disable CA2012

namespace Treeline.Tests.Sync;

public sealed class OnceCellTests : TreeTest
{
    [Fact]
    public Task The_first_makes_the_value_and_all_get_it() => InTime(async () =>
    {
        var cell = new OnceCell<string>();
        TaskCompletionSource<string> made = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int calls = 0;
        Task<string>[] all =
        [
            .. Enumerable.Range(0, 100).Select(_ => cell.GetOrInitAsync(async ct =>
            {
                calls++;
                return await made.Task;
            }).AsTask()),
        ];
        Assert.Equal(1, calls);
        Assert.False(cell.IsSet);
        Assert.False(cell.TryGet(out _));
        Assert.False(cell.TrySet("another"));
        made.SetResult("value");
        Assert.All(await Task.WhenAll(all), static value => Assert.Equal("value", value));
        Assert.True(cell.TryGet(out string? kept));
        Assert.Equal("value", kept);
        Assert.Equal("value", await cell.GetOrInitAsync(static Task<string> (_) => throw new OopsException("not again")));
        Assert.Equal(1, calls);
    });

    [Fact]
    public Task It_is_set_once() => InTime(async () =>
    {
        var cell = new OnceCell<int>();
        Assert.True(cell.TrySet(1));
        Assert.False(cell.TrySet(2));
        Assert.Equal(1, await cell.GetOrInitAsync(static _ => ValueTask.FromResult(3)));
    });

    [Fact]
    public Task When_it_fails_one_caller_gets_the_error_and_the_next_in_line_tries() => InTime(async () =>
    {
        var cell = new OnceCell<int>();
        TaskCompletionSource fail = Signal();
        var order = new List<int>();
        Task<int>[] callers =
        [
            .. Enumerable.Range(0, 4).Select(i => cell.GetOrInitAsync(async _ =>
            {
                order.Add(i);
                await fail.Task;
                return i < 2 ? throw new OopsException($"failure {i}") : i;
            }).AsTask()),
        ];
        fail.SetResult();
        Assert.Equal("failure 0", (await Assert.ThrowsAsync<OopsException>(() => callers[0])).Message);
        Assert.Equal("failure 1", (await Assert.ThrowsAsync<OopsException>(() => callers[1])).Message);
        Assert.Equal(2, await callers[2]);
        Assert.Equal(2, await callers[3]);
        Assert.Equal([0, 1, 2], order);
    });

    [Fact]
    public Task What_throws_before_it_first_waits_or_gives_no_task_lets_the_next_try_too() => InTime(async () =>
    {
        var cell = new OnceCell<int>();
        await Assert.ThrowsAsync<OopsException>(
            async () => await cell.GetOrInitAsync(Task<int> (_) => throw new OopsException("at once")));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await cell.GetOrInitAsync(static Task<int> (_) => null!));
        Assert.Equal(7, await cell.GetOrInitAsync(static _ => Task.FromResult(7)));
        Assert.Throws<ArgumentNullException>(() => _ = cell.GetOrInitAsync((Func<CancellationToken, Task<int>>)null!));
    });

    [Fact]
    public Task When_who_makes_it_is_cancelled_the_next_in_line_takes_over_with_a_token_of_its_own() => InTime(async () =>
    {
        var cell = new OnceCell<string>();
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        Task<string> one = cell.GetOrInitAsync(
            async ct =>
            {
                await Forever(ct);
                return "never";
            },
            first.Token).AsTask();
        Task<string> other = cell.GetOrInitAsync(
            async ct =>
            {
                Assert.Equal(second.Token, ct);
                return "value";
            },
            second.Token).AsTask();
        Assert.False(other.IsCompleted);
        first.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        Assert.Equal("value", await other);
    });

    [Fact]
    public Task Whoever_gives_up_waiting_leaves_the_others_as_they_are() => InTime(async () =>
    {
        var cell = new OnceCell<int>("answer");
        using var source = new CancellationTokenSource();
        TaskCompletionSource<int> made = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ValueTask<int> first = cell.GetOrInitAsync(_ => made.Task);
        ValueTask<int> gone = cell.GetOrInitAsync(_ => made.Task, source.Token);
        ValueTask<int> stays = cell.GetOrInitAsync(_ => made.Task);
        source.Cancel();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await gone);
        Assert.Equal("The wait for value 'answer' was cancelled; it took nothing.", error.Message);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cell.GetOrInitAsync(_ => made.Task, source.Token));
        made.SetResult(42);
        Assert.Equal(42, await first);
        Assert.Equal(42, await stays);
    });

    [Fact]
    public Task What_needs_its_own_value_to_be_made_waits_for_itself_and_is_found() => InTime(async () =>
    {
        var cell = new OnceCell<int>("config");
        TaskScope scope = TaskScope.Open(name: "loop");
        scope.Spawn(
            async ct => await cell.GetOrInitAsync(async inner => await cell.GetOrInitAsync(static _ => Task.FromResult(1), inner), ct),
            "maker");
        DeadlockReport report = TaskTree.FindDeadlocks();
        for (; report.Cycles.Count == 0; report = TaskTree.FindDeadlocks())
        {
            await Task.Yield();
        }

        DeadlockedNode stuck = Assert.Single(Assert.Single(report.Cycles));
        Assert.Equal(("loop/maker", "value 'config', held by loop/maker"), (stuck.Path, stuck.WaitsOn));
        await scope.DisposeAsync();
        Assert.False(cell.IsSet);
    });

    [Fact]
    public void Made_and_cancelled_at_once_the_other_has_the_value_or_gave_up()
    {
        OnceCell<int> cell = new();
        TaskCompletionSource<int> made = new();
        ValueTask<int> first = default;
        ValueTask<int> other = default;
        CancellationTokenSource source = new();
        Duel.Fight(
            () =>
            {
                cell = new OnceCell<int>();
                made = new TaskCompletionSource<int>();
                source = new CancellationTokenSource();
                first = cell.GetOrInitAsync(_ => made.Task);
                other = cell.GetOrInitAsync(static _ => Task.FromResult(2), source.Token);
            },
            () => made.SetResult(1),
            () => source.Cancel(),
            _ =>
            {
                Assert.Equal(1, first.AsTask().GetAwaiter().GetResult());
                Task<int> end = other.AsTask();
                try
                {
                    Assert.Equal(1, end.GetAwaiter().GetResult());
                }
                catch (OperationCanceledException e)
                {
                    Assert.Equal(source.Token, e.CancellationToken);
                }

                source.Dispose();
            });
    }

    [Fact]
    public void A_value_that_is_there_costs_nothing()
    {
        var cell = new OnceCell<string>();
        cell.TrySet("value");
        Func<CancellationToken, Task<string>> never = static _ => throw new OopsException("not needed");
        Warm.AllocatesNothing(() => _ = cell.GetOrInitAsync(never).Result);
    }
}
