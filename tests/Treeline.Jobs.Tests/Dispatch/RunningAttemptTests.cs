namespace Treeline.Jobs.Tests;

public sealed class RunningAttemptTests
{
    private readonly RunningAttempt _attempt = new(new ClaimedJob(
        1, 1, "any", null, 1, 3, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch));

    [Fact]
    public async Task A_stop_while_it_runs_cancels_its_scope()
    {
        await using TaskScope scope = TaskScope.Open();
        _attempt.Begin(scope);
        Assert.False(scope.IsCancellationRequested);

        _attempt.Stop(StopReason.LeaseLost);

        Assert.Equal((true, StopReason.LeaseLost), (scope.IsCancellationRequested, _attempt.Reason));
    }

    [Fact]
    public async Task A_stop_that_comes_before_the_scope_is_open_is_not_missed()
    {
        await using TaskScope scope = TaskScope.Open();
        _attempt.Stop(StopReason.CancelRequested);

        _attempt.Begin(scope);

        Assert.True(scope.IsCancellationRequested);
    }

    [Fact]
    public void The_first_reason_stays()
    {
        _attempt.Stop(StopReason.CancelRequested);
        _attempt.Stop(StopReason.LeaseLost);

        Assert.Equal(StopReason.CancelRequested, _attempt.Reason);
    }
}
