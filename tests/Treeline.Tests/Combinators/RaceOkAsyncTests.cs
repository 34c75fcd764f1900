#pragma warning disable CS1998 // work that is done at once is part of what is tested

namespace Treeline.Tests.Combinators;

/// <summary>On one thread, so that an attempt that is seen to have ended has been handled.</summary>
public sealed class RaceOkAsyncTests : TreeTest, IOnASingleThread
{
    [Fact]
    public Task Failures_before_the_first_success_do_not_count() => InTime(async () =>
    {
        TaskCompletionSource failed = Signal();
        int result = await Concurrently.RaceOkAsync<int>(
        [
            async ct =>
            {
                await Task.Yield();
                failed.SetResult();
                throw new OopsException("one");
            },
            async ct =>
            {
                await failed.Task;
                await Until(() => Find("RaceOkAsync").Children.Count == 2); // the failure has been noted
                return 2;
            },
            async ct =>
            {
                await Forever(ct);
                return 3;
            },
        ]);
        Assert.Equal(2, result);
    });

    [Fact]
    public Task If_nobody_succeeds_all_failures_surface_first_to_last() => InTime(async () =>
    {
        TaskCompletionSource failed = Signal();
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => Concurrently.RaceOkAsync<int>(
        [
            async ct =>
            {
                await failed.Task;
                await Until(() => Find("RaceOkAsync").Children.Count == 1);
                throw new OopsException("later");
            },
            async ct =>
            {
                await Task.Yield();
                failed.SetResult();
                throw new OopsException("sooner");
            },
        ]));
        Assert.Equal(["sooner", "later"], thrown.Failures.Select(static failure => failure.Exception.Message));
        Assert.Equal(["RaceOkAsync/#2", "RaceOkAsync/#1"], thrown.Failures.Select(static failure => failure.Path));
    });

    [Fact]
    public Task A_single_attempt_fails_as_itself() => InTime(async () =>
        await Assert.ThrowsAsync<OopsException>(
            () => Concurrently.RaceOkAsync<int>([async ct => throw new OopsException("alone")])));

    [Fact]
    public Task A_loser_that_fails_in_its_cleanup_surfaces_in_place_of_the_result() => InTime(async () =>
    {
        TaskCompletionSource running = Signal();
        Task race = Concurrently.RaceOkAsync(
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
    public Task Cancelled_from_outside_the_failures_from_before_do_not_hide_it() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource running = Signal();
        Task<int> race = Concurrently.RaceOkAsync<int>(
            [
                async ct => throw new OopsException("an attempt"),
                async ct =>
                {
                    running.SetResult();
                    await Forever(ct);
                    return 2;
                },
            ],
            outer.Token);
        await running.Task;
        await Until(() => Find("RaceOkAsync").Children.Count == 1);
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => race);
        Assert.Equal(outer.Token, thrown.CancellationToken);
    });

    [Fact]
    public Task Cancelled_from_outside_a_failure_of_cleanup_surfaces() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource running = Signal();
        Task<int> race = Concurrently.RaceOkAsync<int>(
            [async ct =>
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

                return 2;
            }],
            outer.Token);
        await running.Task;
        await outer.CancelAsync();
        await Assert.ThrowsAsync<OopsException>(() => race);
    });
}
