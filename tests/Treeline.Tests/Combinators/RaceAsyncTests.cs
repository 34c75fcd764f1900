#pragma warning disable CS1998 // work that is done at once is part of what is tested

namespace Treeline.Tests.Combinators;

public sealed class RaceAsyncTests : TreeTest
{
    [Fact]
    public Task The_first_result_wins_and_the_losers_have_ended_before_it_is_given() => InTime(async events =>
    {
        TaskCompletionSource running = Signal();
        TaskCompletionSource unwinding = Signal();
        TaskCompletionSource cleanup = Signal();
        Task<string> race = Concurrently.RaceAsync(
        [
            async ct =>
            {
                running.SetResult();
                try
                {
                    await Forever(ct);
                }
                finally
                {
                    events.Expect(1);
                    unwinding.SetResult();
                    await cleanup.Task;
                    events.Expect(3);
                }

                return "loser";
            },
            async ct =>
            {
                await running.Task;
                return "winner";
            },
        ]);
        await unwinding.Task;
        Assert.False(race.IsCompleted);
        await Until(() => Find("RaceAsync").Children.Count == 1);
        events.Expect(2);
        cleanup.SetResult();
        Assert.Equal("winner", await race);
        events.Finish(4);
    });

    [Fact]
    public Task The_first_failure_wins_as_well() => InTime(async () =>
    {
        TaskCompletionSource running = Signal();
        Task race = Concurrently.RaceAsync(
        [
            async ct =>
            {
                running.SetResult();
                await Forever(ct);
            },
            async ct =>
            {
                await running.Task;
                throw new OopsException("first");
            },
        ]);
        Assert.Equal("first", (await Assert.ThrowsAsync<OopsException>(() => race)).Message);
    });

    [Fact]
    public Task A_loser_that_fails_in_its_cleanup_surfaces_in_place_of_the_result() => InTime(async () =>
    {
        TaskCompletionSource running = Signal();
        Task race = Concurrently.RaceAsync(
        [
            async ct =>
            {
                running.SetResult();
                try
                {
                    await Forever(ct);
                }
                catch (OperationCanceledException)
                {
                    throw new OopsException("cleanup");
                }

                return 1;
            },
            async ct =>
            {
                await running.Task;
                return 2;
            },
        ]);
        Assert.Equal("cleanup", (await Assert.ThrowsAsync<OopsException>(() => race)).Message);
    });

    [Fact]
    public Task What_a_loser_gives_all_the_same_is_dropped() => InTime(async () =>
    {
        TaskCompletionSource running = Signal();
        int winner = await Concurrently.RaceAsync(
        [
            async ct =>
            {
                running.SetResult();
                await Forever(ct).ContinueWith(static _ => { }, TaskScheduler.Default);
                return 1;
            },
            async ct =>
            {
                await running.Task;
                return 2;
            },
        ]);
        Assert.Equal(2, winner);
    });

    [Fact]
    public Task A_losers_token_says_why() => InTime(async () =>
    {
        TaskCompletionSource running = Signal();
        OperationCanceledException? why = null;
        await Concurrently.RaceAsync(
        [
            async ct =>
            {
                running.SetResult();
                await TaskScope.RunAsync(async inner =>
                {
                    await Forever(inner.Token);
                }).ContinueWith(t => why = t.Exception is null ? Catch(t) : null, TaskScheduler.Default);
            },
            async ct => await running.Task,
        ]);
        Assert.Contains("'#2' has won the race", why!.Message);

        static OperationCanceledException Catch(Task cancelled)
        {
            try
            {
                cancelled.GetAwaiter().GetResult();
                return new OperationCanceledException("It was not cancelled.");
            }
            catch (OperationCanceledException e)
            {
                return e;
            }
        }
    });

    [Fact]
    public Task Cancelled_from_outside_nobody_wins() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource running = Signal();
        Task<int> race = Concurrently.RaceAsync(
            [async ct =>
            {
                running.SetResult();
                await Forever(ct);
                return 1;
            }],
            outer.Token);
        await running.Task;
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => race);
        Assert.Equal(outer.Token, thrown.CancellationToken);
    });

    [Fact]
    public Task Alone_one_wins() => InTime(async () => Assert.Equal(1, await Concurrently.RaceAsync([ct => Task.FromResult(1)])));

    [Fact]
    public Task Of_many_that_end_at_once_one_wins_and_none_is_left() => InTime(async () =>
    {
        for (int round = 0; round < 200; round++)
        {
            TaskCompletionSource go = Signal();
            Task<int> race = Concurrently.RaceAsync(Enumerable.Range(0, 8).Select(i => (Func<CancellationToken, Task<int>>)(async ct =>
            {
                await go.Task;
                return i;
            })));
            go.SetResult();
            Assert.InRange(await race, 0, 7);
        }
    });
}
