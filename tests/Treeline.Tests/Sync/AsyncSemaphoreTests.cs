// Waits that have ended are looked into by hand.
#pragma warning disable CA2012

namespace Treeline.Tests.Sync;

public sealed class AsyncSemaphoreTests : TreeTest
{
    [Fact]
    public Task As_many_as_there_are_permits_get_one_at_once() => InTime(async () =>
    {
        var semaphore = new AsyncSemaphore(2);
        SemaphorePermit one = await semaphore.AcquireAsync();
        Assert.True(semaphore.TryAcquire(out SemaphorePermit other));
        Assert.Equal(0, semaphore.Available);
        Assert.False(semaphore.TryAcquire(out _));
        ValueTask<SemaphorePermit> waits = semaphore.AcquireAsync();
        Assert.False(waits.IsCompleted);
        one.Dispose();
        Assert.True(waits.IsCompletedSuccessfully);
        (await waits).Dispose();
        other.Dispose();
        Assert.Equal(2, semaphore.Available);
    });

    [Fact]
    public Task A_permit_is_given_back_once_whatever_copies_there_are() => InTime(async () =>
    {
        var semaphore = new AsyncSemaphore(5);
        SemaphorePermit permit = await semaphore.AcquireAsync(3);
        SemaphorePermit copy = permit;
        Assert.Equal(2, semaphore.Available);
        permit.Dispose();
        SemaphorePermit next = await semaphore.AcquireAsync(2);
        copy.Dispose();
        permit.Dispose();
        default(SemaphorePermit).Dispose();
        Assert.Equal(3, semaphore.Available);
        next.Dispose();
        Assert.Equal(5, semaphore.Available);
    });

    [Fact]
    public Task Whoever_asks_for_many_is_not_passed_by_those_who_ask_for_few() => InTime(async () =>
    {
        var semaphore = new AsyncSemaphore(3);
        SemaphorePermit held = await semaphore.AcquireAsync();
        ValueTask<SemaphorePermit> large = semaphore.AcquireAsync(3);
        ValueTask<SemaphorePermit> small = semaphore.AcquireAsync();
        Assert.Equal(2, semaphore.Available);
        Assert.False(semaphore.TryAcquire(out _));
        Assert.False(large.IsCompleted || small.IsCompleted);
        held.Dispose();
        Assert.True(large.IsCompletedSuccessfully);
        Assert.False(small.IsCompleted);
        (await large).Dispose();
        (await small).Dispose();
        Assert.Equal(3, semaphore.Available);
    });

    [Fact]
    public Task When_the_first_in_line_gives_up_those_behind_it_get_what_there_is() => InTime(async () =>
    {
        var semaphore = new AsyncSemaphore(3);
        using var source = new CancellationTokenSource();
        SemaphorePermit held = await semaphore.AcquireAsync();
        ValueTask<SemaphorePermit> large = semaphore.AcquireAsync(3, source.Token);
        ValueTask<SemaphorePermit> one = semaphore.AcquireAsync();
        ValueTask<SemaphorePermit> two = semaphore.AcquireAsync(2);
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await large);
        Assert.True(one.IsCompletedSuccessfully);
        Assert.False(two.IsCompleted);
        held.Dispose();
        Assert.True(two.IsCompletedSuccessfully);
        (await one).Dispose();
        (await two).Dispose();
        Assert.Equal(3, semaphore.Available);
    });

    [Fact]
    public Task Permits_that_are_added_go_to_those_who_wait_first() => InTime(async () =>
    {
        var semaphore = new AsyncSemaphore(0);
        ValueTask<SemaphorePermit>[] waits = [.. Enumerable.Range(0, 3).Select(_ => semaphore.AcquireAsync())];
        semaphore.Release(2);
        Assert.Equal([true, true, false], waits.Select(static wait => wait.IsCompletedSuccessfully));
        semaphore.Release(3);
        Assert.Equal(2, semaphore.Available);
        foreach (ValueTask<SemaphorePermit> wait in waits)
        {
            await wait;
        }
    });

    [Fact]
    public void What_makes_no_sense_throws_at_once()
    {
        Assert.Throws<ArgumentOutOfRangeException>(static () => new AsyncSemaphore(-1));
        var semaphore = new AsyncSemaphore(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = semaphore.AcquireAsync(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => semaphore.TryAcquire(0, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => semaphore.AcquireCase(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => semaphore.Release(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => semaphore.Release(int.MaxValue));
        Assert.Equal(1, semaphore.Available);
    }

    [Fact]
    public Task A_token_that_is_cancelled_already_cancels_even_if_there_are_permits() => InTime(async () =>
    {
        var semaphore = new AsyncSemaphore(1);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await semaphore.AcquireAsync(new CancellationToken(true)));
        Assert.Equal(1, semaphore.Available);
    });

    [Fact]
    public void Given_back_and_cancelled_at_once_one_of_the_two_has_happened()
    {
        var semaphore = new AsyncSemaphore(2);
        SemaphorePermit held = default;
        ValueTask<SemaphorePermit> wait = default;
        CancellationTokenSource source = new();
        Duel.Fight(
            () =>
            {
                source = new CancellationTokenSource();
                Assert.True(semaphore.TryAcquire(out held));
                wait = semaphore.AcquireAsync(2, source.Token);
            },
            () => held.Dispose(),
            () => source.Cancel(),
            _ =>
            {
                source.Dispose();
                Assert.Equal(wait.IsCompletedSuccessfully ? 0 : 2, semaphore.Available);
                if (wait.IsCompletedSuccessfully)
                {
                    wait.Result.Dispose();
                }
                else
                {
                    Assert.ThrowsAny<OperationCanceledException>(() => wait.Result);
                }

                Assert.Equal(2, semaphore.Available);
            });
    }

    [Fact]
    public Task A_fiber_goes_on_where_its_scope_runs() => InTime(async () =>
    {
        using var thread = new DedicatedThread();
        var semaphore = new AsyncSemaphore(0, "fed");
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(
                    async ct =>
                    {
                        using SemaphorePermit mine = await semaphore.AcquireAsync(ct);
                        Assert.True(thread.IsCurrent);
                    },
                    "wants");
                await Until(() => Find("wants").WaitsOn is not null);
                Assert.Equal("semaphore 'fed'", Find("wants").WaitsOn);
                semaphore.Release();
                await child;
            },
            new ScopeOptions { Executor = thread });
    });

    [Fact]
    public Task Whoever_waits_is_shown_with_those_who_hold_permits_unless_somebody_adds_some() => InTime(async () =>
    {
        var semaphore = new AsyncSemaphore(2, "slots");
        TaskCompletionSource enough = Signal();
        await TaskScope.RunAsync(
            async scope =>
            {
                for (int i = 0; i < 2; i++)
                {
                    scope.Spawn(
                        async ct =>
                        {
                            using SemaphorePermit permit = await semaphore.AcquireAsync(ct);
                            await enough.Task;
                        },
                        $"has {i}");
                }

                await Until(() => semaphore.Available == 0);
                scope.Spawn(async ct => (await semaphore.AcquireAsync(2, ct)).Dispose(), "wants");
                await Until(() => Find("wants").WaitsOn is not null);
                string[] holders = ["top/has 0", "top/has 1"];
                Assert.StartsWith("semaphore 'slots', held by ", Find("wants").WaitsOn, StringComparison.Ordinal);
                Assert.Equal(holders, Find("wants").WaitsOn!["semaphore 'slots', held by ".Length..].Split(", ").Order());
                semaphore.Release();
                Assert.Equal("semaphore 'slots'", Find("wants").WaitsOn);
                enough.SetResult();
            },
            name: "top");
        Assert.Equal(3, semaphore.Available);
    });

    [Fact]
    public Task In_a_select_the_loser_holds_nothing_and_those_behind_it_go_on() => InTime(async () =>
    {
        var one = new AsyncSemaphore(0);
        var other = new AsyncSemaphore(2);
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<SemaphorePermit> wins = cell.Enter(one.AcquireCase());
        Waiter<SemaphorePermit> loses = cell.Enter(other.AcquireCase(3));
        ValueTask<WaiterBase> select = cell.AsValueTask();
        ValueTask<SemaphorePermit> behind = other.AcquireAsync();
        one.Release();
        Assert.Same(wins, await select);
        Assert.False(behind.IsCompleted);
        loses.Lose();
        Assert.True(behind.IsCompletedSuccessfully);
        (await behind).Dispose();
        wins.TakeWon().Dispose();
        Assert.Equal(1, one.Available);
        Assert.Equal(2, other.Available);
    });

    [Fact]
    public Task In_a_select_permits_that_are_there_are_taken_at_once() => InTime(async () =>
    {
        var semaphore = new AsyncSemaphore(3);
        Waiter<WaiterBase> cell = SelectCell.Rent(queue: null);
        Waiter<SemaphorePermit> wins = cell.Enter(semaphore.AcquireCase(2));
        Waiter<SemaphorePermit> late = cell.Enter(semaphore.AcquireCase());
        Assert.Equal(1, semaphore.Available);
        Assert.Same(wins, await cell.AsValueTask());
        late.Lose();
        wins.TakeWon().Dispose();
        Assert.Equal(3, semaphore.Available);
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        var semaphore = new AsyncSemaphore(2);
        using var source = new CancellationTokenSource();
        CancellationToken token = source.Token;
        Warm.AllocatesNothing(() =>
        {
            SemaphorePermit permit = semaphore.AcquireAsync(token).Result;
            ValueTask<SemaphorePermit> wait = semaphore.AcquireAsync(2, token);
            permit.Dispose();
            wait.Result.Dispose();
        });
    }
}
