namespace Treeline.Tests.Cancellation;

/// <summary>Every shape of delegate that people write resolves to an overload of the helpers, lambdas to the fiber one.</summary>
public sealed class CallShapesOfHelpersTests : TreeTest
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    [Fact]
    public Task WithTimeoutAsync_takes_them() => InTime(async () =>
    {
        await CancelScope.WithTimeoutAsync(s_minute, async ct => await Task.Delay(1, ct));
        await CancelScope.WithTimeoutAsync(s_minute, ct => Task.Delay(1, ct));
        await CancelScope.WithTimeoutAsync(s_minute, OfTask);
        await CancelScope.WithTimeoutAsync(s_minute, OfValueTask, CancellationToken.None);
        await CancelScope.WithTimeoutAsync(s_minute, OfFiber);
        Assert.Equal(1, await CancelScope.WithTimeoutAsync(s_minute, async ct => await Task.FromResult(1)));
        Assert.Equal(2, await CancelScope.WithTimeoutAsync(s_minute, static _ => Task.FromResult(2)));
        Assert.Equal(3, await CancelScope.WithTimeoutAsync(s_minute, static _ => ValueTask.FromResult(3)));
        Assert.Equal(4, await CancelScope.WithTimeoutAsync(s_minute, FiberOfInt));
        Assert.Throws<ArgumentNullException>(() => { _ = CancelScope.WithTimeoutAsync(s_minute, (Func<CancellationToken, Task>)null!); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = CancelScope.WithTimeoutAsync(-s_minute, OfTask); });
    });

    [Fact]
    public Task MoveOnAfterAsync_takes_them() => InTime(async () =>
    {
        Assert.True(await CancelScope.MoveOnAfterAsync(s_minute, async ct => await Task.Delay(1, ct)));
        Assert.True(await CancelScope.MoveOnAfterAsync(s_minute, ct => Task.Delay(1, ct)));
        Assert.True(await CancelScope.MoveOnAfterAsync(s_minute, OfTask));
        Assert.True(await CancelScope.MoveOnAfterAsync(s_minute, OfValueTask));
        Assert.True(await CancelScope.MoveOnAfterAsync(s_minute, OfFiber, CancellationToken.None));
        Assert.False(await CancelScope.MoveOnAfterAsync(TimeSpan.Zero, Forever));
    });

    [Fact]
    public Task ShieldAsync_takes_them() => InTime(async () =>
    {
        await CancelScope.ShieldAsync(s_minute, async ct => await Task.Delay(1, ct));
        await CancelScope.ShieldAsync(s_minute, ct => Task.Delay(1, ct));
        await CancelScope.ShieldAsync(s_minute, OfTask);
        await CancelScope.ShieldAsync(s_minute, OfValueTask);
        await CancelScope.ShieldAsync(s_minute, OfFiber);
        Assert.Equal(1, await CancelScope.ShieldAsync(s_minute, async ct => await Task.FromResult(1)));
        Assert.Equal(2, await CancelScope.ShieldAsync(s_minute, static _ => Task.FromResult(2)));
        Assert.Equal(3, await CancelScope.ShieldAsync(s_minute, static _ => ValueTask.FromResult(3)));
        Assert.Equal(4, await CancelScope.ShieldAsync(s_minute, FiberOfInt));
    });

    [Fact]
    public Task The_helpers_name_their_node_after_the_caller() => InTime(async () =>
    {
        await CancelScope.WithTimeoutAsync(s_minute, async _ =>
        {
            await Task.Yield();
            Assert.Contains(All(), static node => node.Name == nameof(The_helpers_name_their_node_after_the_caller));
        });
        TimeoutException thrown = await Assert.ThrowsAsync<TimeoutException>(
            () => CancelScope.WithTimeoutAsync(TimeSpan.Zero, Forever, name: "call of the bank"));
        Assert.StartsWith("'call of the bank' timed out", thrown.Message, StringComparison.Ordinal);
    });

    private static Task OfTask(CancellationToken cancellationToken) => Task.CompletedTask;

    private static ValueTask OfValueTask(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    private static async Fiber OfFiber(CancellationToken cancellationToken) => await Fiber.Yield();

    private static async Fiber<int> FiberOfInt(CancellationToken cancellationToken)
    {
        await Fiber.Yield();
        return 4;
    }
}
