namespace Treeline.Tests.Behaviours;

/// <summary>What Tokio documents of <c>JoinHandle</c>, as far as a child has an equal.</summary>
public sealed class JoinHandleTests : TreeTest
{
    [Theory]
    [MemberData(nameof(Shapes.WithThreads), MemberType = typeof(Shapes))]
    public Task A_child_whose_handle_nobody_keeps_runs_on(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        var ended = Signal();
        runtime.Spawn(async _ =>
        {
            await Fiber.Yield();
            await Clock.Delay(TimeSpan.FromMilliseconds(1));
            ended.SetResult();
        });
        await ended.Task;
    });

    [Theory]
    [MemberData(nameof(Shapes.WithThreads), MemberType = typeof(Shapes))]
    public Task It_is_awaited_from_outside_and_again_when_it_has_ended(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        ChildTask<int> child = runtime.Spawn(async _ =>
        {
            await Fiber.Yield();
            return 5;
        });
        Task<int> task = child.AsTask();
        Assert.Equal(5, await task);
        Assert.True(task.IsCompletedSuccessfully);
        Assert.Equal(6, await runtime.Spawn(async Task<int> (_) =>
        {
            await Task.Yield();
            return 6;
        }));
    });

    [Theory]
    [MemberData(nameof(Shapes.WithThreads), MemberType = typeof(Shapes))]
    public Task A_failure_is_given_to_who_awaits_and_the_worker_lives_on(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        ChildTask<int> child = runtime.Spawn<int>(async Fiber<int> (_) =>
        {
            await Fiber.Yield();
            throw new OopsException("oops");
        });
        Assert.Equal("oops", (await Assert.ThrowsAsync<OopsException>(async () => await child)).Message);
        Assert.Equal(1, await runtime.Spawn(async _ => 1));
    });

    [Theory]
    [MemberData(nameof(Shapes.WithThreads), MemberType = typeof(Shapes))]
    public Task A_failure_that_nobody_awaits_surfaces_at_shutdown_and_stops_nobody_else(string shape) => InTime(async () =>
    {
        Runtime runtime = Shapes.Build(shape);
        ChildTask failing = runtime.Spawn(async Fiber (_) => throw new OopsException("oops"));
        await Until(() => failing.IsCompleted);
        Assert.Equal(1, await runtime.Spawn(async _ => 1));
        Assert.Equal("oops", Assert.Throws<OopsException>(runtime.Dispose).Message);
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task In_a_scope_a_failure_ends_the_block(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        bool cleanedUp = false;
        Assert.Throws<OopsException>(() => runtime.BlockOn(async scope =>
        {
            scope.Spawn(async ct =>
            {
                try
                {
                    await Forever(ct);
                }
                finally
                {
                    cleanedUp = true;
                }
            });
            scope.Spawn(async Fiber (_) =>
            {
                await Fiber.Yield();
                throw new OopsException("oops");
            });
        }));
        Assert.True(cleanedUp);
    });

    [Theory]
    [MemberData(nameof(Shapes.WithThreads), MemberType = typeof(Shapes))]
    public Task Blocking_work_gives_its_result_and_its_failure(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        Assert.False(await runtime.SpawnBlocking(static _ => WorkerThread.Current.Worker is not null));
        await Assert.ThrowsAsync<OopsException>(async () => await runtime.SpawnBlocking<int>(static _ => throw new OopsException("oops")));
    });
}
