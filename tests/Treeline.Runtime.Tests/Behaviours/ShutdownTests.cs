namespace Treeline.Tests.Behaviours;

/// <summary>The order in which a runtime ends.</summary>
public sealed class ShutdownTests : TreeTest
{
    [Theory]
    [MemberData(nameof(Shapes.WithThreads), MemberType = typeof(Shapes))]
    public Task First_it_asks_then_it_cancels_then_its_threads_end(string shape) => InTime(async events =>
    {
        var begun = Signal();
        var stopping = Signal();
        Runtime runtime = Shapes.Builder(shape).OnThreadStop(() =>
        {
            if (begun.Task.IsCompleted && !stopping.Task.IsCanceled)
            {
                // Each thread; the first shows that none ends before the cleanup.
                stopping.TrySetCanceled();
                events.Expect(4);
            }
        }).Build();
        runtime.Spawn(async ct =>
        {
            using CancellationTokenRegistration _ = runtime.Root.StoppingToken.Register(() => events.Expect(1));
            begun.SetResult();
            try
            {
                await Forever(ct);
            }
            finally
            {
                events.Expect(2);
                await Fiber.Yield();
                events.Expect(3);
            }
        });
        await begun.Task;
        await runtime.ShutdownAsync(TimeSpan.FromMilliseconds(20));
        events.Finish(5);
    });

    [Theory]
    [MemberData(nameof(Shapes.WithThreads), MemberType = typeof(Shapes))]
    public Task What_ends_within_the_grace_is_not_cancelled(string shape) => InTime(async () =>
    {
        Runtime runtime = Shapes.Build(shape);
        var release = Signal();
        ChildTask<bool> child = runtime.Spawn(async ct =>
        {
            await release.Task;
            return ct.IsCancellationRequested;
        });
        CancellationToken stopping = runtime.Root.StoppingToken;
        Task shutdown = runtime.ShutdownAsync(Timeout.InfiniteTimeSpan);
        await Until(() => stopping.IsCancellationRequested);
        Assert.False(shutdown.IsCompleted);
        release.SetResult();
        Assert.False(await child);
        await shutdown;
    });

    [Theory]
    [MemberData(nameof(Shapes.WithThreads), MemberType = typeof(Shapes))]
    public Task Blocking_work_is_waited_for(string shape) => InTime(async () =>
    {
        Runtime runtime = Shapes.Build(shape);
        using var begun = new ManualResetEventSlim();
        bool ended = false;
        runtime.SpawnBlocking(ct =>
        {
            begun.Set();
            ct.WaitHandle.WaitOne();
            ended = true;
        });
        begun.Wait();
        runtime.Dispose();
        Assert.True(ended);
    });

    [Theory]
    [MemberData(nameof(Shapes.WithThreads), MemberType = typeof(Shapes))]
    public Task What_does_not_end_is_left_behind_and_named(string shape) => InTime(async () =>
    {
        Runtime runtime = Shapes.Builder(shape).Name("patient").ShutdownPatience(TimeSpan.FromMilliseconds(50)).Build();
        var never = Signal();
        var begun = Signal();
        runtime.Spawn(
            async _ =>
            {
                begun.SetResult();
                await never.Task;
            },
            "the stubborn one");
        await begun.Task;
        Assert.Contains("the stubborn one", Assert.Throws<AbandonedException>(runtime.Dispose).Message, StringComparison.Ordinal);
        never.SetResult();
        await Until(() => All().TrueForAll(static node => node.Name is not ("the stubborn one" or "patient")));
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task It_may_be_disposed_twice_and_by_two(string shape) => InTime(async () =>
    {
        Runtime runtime = Shapes.Build(shape);
        runtime.BlockOn(async _ => await Fiber.Yield());
        await Task.WhenAll(Task.Run(runtime.Dispose), runtime.DisposeAsync().AsTask());
        runtime.Dispose();
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task Nothing_is_left_of_many_that_come_and_go(string shape) => InTime(async () =>
    {
        Once();
        int descriptors = Descriptors();
        for (int i = 0; i < 20; i++)
        {
            Once();
        }

        // A thread that wakes a driver just as that ends closes it, a moment later.
        await Until(() => Descriptors() <= descriptors);

        void Once()
        {
            using Runtime runtime = Shapes.Build(shape);
            runtime.BlockOn(async scope =>
            {
                scope.Spawn(async _ => await Clock.Delay(TimeSpan.FromMilliseconds(1)));
                await Fiber.Yield();
            });
        }

        // Those that a driver waits with. Files and sockets of others may come and go meanwhile.
        static int Descriptors() => !OperatingSystem.IsLinux() ? 0 : new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos()
            .Count(static entry => entry.LinkTarget?.StartsWith("anon_inode:", StringComparison.Ordinal) == true);
    });
}
