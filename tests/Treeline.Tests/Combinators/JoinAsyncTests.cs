#pragma warning disable CS1998 // work that is done at once is part of what is tested

namespace Treeline.Tests.Combinators;

public sealed class JoinAsyncTests : TreeTest
{
    [Fact]
    public Task A_failure_cancels_nothing_and_is_an_outcome() => InTime(async events =>
    {
        TaskCompletionSource failed = Signal();
        (Outcome<int> bad, Outcome<string> good) = await Concurrently.JoinAsync<int, string>(
            ct =>
            {
                events.Expect(1);
                failed.SetResult();
                throw new OopsException("bad");
            },
            async ct =>
            {
                await failed.Task;
                await Task.Yield();
                Assert.False(ct.IsCancellationRequested);
                events.Expect(2);
                return "good";
            });
        Assert.Equal(NodeState.Failed, bad.State);
        Assert.IsType<OopsException>(bad.Error);
        Assert.Equal("good", good.Value);
        events.Finish(3);
    });

    [Fact]
    public Task It_waits_for_all() => InTime(async () =>
    {
        TaskCompletionSource<int> last = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<Outcome<int>[]> join = Concurrently.JoinAsync([ct => Task.FromResult(1), ct => last.Task]);
        await Until(() => All().Count(static node => node.Name.StartsWith('#')) == 1);
        Assert.False(join.IsCompleted);
        last.SetResult(2);
        Assert.Equal([1, 2], (await join).Select(static outcome => outcome.Value));
    });

    [Fact]
    public Task A_cancellation_that_is_nobodys_is_a_failure() => InTime(async () =>
    {
        Outcome<int>[] outcomes = await Concurrently.JoinAsync([async ct =>
        {
            await Task.Yield();
            throw new TaskCanceledException("a timeout of its own");
#pragma warning disable CS0162
            return 1;
#pragma warning restore CS0162
        }]);
        Assert.Equal(NodeState.Failed, Assert.Single(outcomes).State);
    });

    [Fact]
    public Task Cancelled_from_outside_it_throws_that() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource running = Signal();
        Task join = Concurrently.JoinAsync(
            [
                async ct => 1,
                async ct =>
                {
                    running.SetResult();
                    await Forever(ct);
                    return 2;
                },
            ],
            outer.Token);
        await running.Task;
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => join);
        Assert.Equal(outer.Token, thrown.CancellationToken);
    });

    [Fact]
    public Task Cancelled_from_outside_the_failures_there_were_are_not_lost() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource throwing = Signal();
        TaskCompletionSource running = Signal();
        Task join = Concurrently.JoinAsync<int, int>(
            ct =>
            {
                throwing.SetResult();
                throw new OopsException("before");
            },
            async ct =>
            {
                running.SetResult();
                await Forever(ct);
                return 2;
            },
            outer.Token);
        await Task.WhenAll(throwing.Task, running.Task);
        await outer.CancelAsync();
        Assert.Equal("before", (await Assert.ThrowsAsync<OopsException>(() => join)).Message);
    });

    [Fact]
    public Task Cancelled_too_late_to_matter_all_outcomes_are_given() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        Outcome<int>[] outcomes = await Concurrently.JoinAsync(
            [async ct =>
            {
                await outer.CancelAsync();
                return 1;
            }],
            outer.Token);
        Assert.Equal(1, Assert.Single(outcomes).Value);
    });

    [Fact]
    public Task Of_nothing_the_join_is_nothing() => InTime(async () =>
        Assert.Empty(await Concurrently.JoinAsync((IEnumerable<Func<CancellationToken, Task<int>>>)[])));
}
