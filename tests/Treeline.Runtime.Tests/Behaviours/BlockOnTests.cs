using System.Collections.Concurrent;

namespace Treeline.Tests.Behaviours;

/// <summary>What Tokio documents of <c>block_on</c>, <c>spawn</c> and <c>spawn_blocking</c>, and of their misuse.</summary>
public sealed class BlockOnTests : TreeTest
{
    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task It_gives_the_result_when_all_in_the_scope_has_ended(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        bool childEnded = false;
        int result = runtime.BlockOn(async scope =>
        {
            scope.Spawn(async _ =>
            {
                await Clock.Delay(TimeSpan.FromMilliseconds(5));
                childEnded = true;
            });
            await Fiber.Yield();
            return 5;
        });
        Assert.Equal((5, true), (result, childEnded));
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task It_throws_what_the_body_throws_and_can_be_used_again(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        Assert.Throws<OopsException>(() => runtime.BlockOn(async Fiber (_) => throw new OopsException("a")));
        Assert.Throws<OopsException>(() => runtime.BlockOn(async Task (_) => throw new OopsException("b")));
        Assert.Equal(1, runtime.BlockOn(async _ => 1));
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task A_token_cancels_the_scope(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        using var source = new CancellationTokenSource();
        var error = Assert.ThrowsAny<OperationCanceledException>(() => runtime.BlockOn(
            async scope =>
            {
                scope.Spawn(async _ => await source.CancelAsync());
                await Forever(scope.Token);
            },
            source.Token));
        Assert.Equal(source.Token, error.CancellationToken);
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task All_code_runs_on_workers_also_after_foreign_awaits(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        var strayed = new ConcurrentQueue<string>();
        runtime.BlockOn(async scope =>
        {
            Check("body");
            scope.Spawn(async _ =>
            {
                Check("fiber");
                await Task.Delay(1);
                Check("fiber after Task.Delay");
                await Clock.Delay(TimeSpan.FromMilliseconds(1));
                Check("fiber after Clock.Delay");
            });
            scope.Spawn(async Task (_) =>
            {
                Check("task");
                await Task.Run(() => Assert.Null(WorkerThread.Current.Worker));
                Check("task after Task.Run");
                await File.ReadAllBytesAsync(typeof(Runtime).Assembly.Location);
                Check("task after a file");
                await scope.SpawnBlocking(static _ => { });
                Check("task after blocking work");
            });
            await Task.Yield();
            Check("body after Task.Yield");
        });
        Assert.Empty(strayed);

        void Check(string where)
        {
            if (RuntimeHandle.TryCurrent != runtime || WorkerThread.Current.Worker is null)
            {
                strayed.Enqueue(where);
            }
        }
    });

    [Theory]
    [MemberData(nameof(Shapes.WithThreads), MemberType = typeof(Shapes))]
    public Task Several_threads_may_block_on_one_runtime(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        using var all = new CountdownEvent(4);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => OnAThread(() =>
        {
            Assert.Equal(i, runtime.BlockOn(async scope =>
            {
                all.Signal();
                await scope.SpawnBlocking(_ => all.Wait()); // until all four are in
                return i;
            }));
        })));
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task Blocking_a_worker_is_an_error_that_says_what_to_do(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        using Runtime other = Runtime.CreateBuilder().CurrentThread().Build();
        runtime.BlockOn(async scope =>
        {
            foreach (Runtime each in new[] { runtime, other })
            {
                var error = Assert.Throws<InvalidOperationException>(() => each.BlockOn(async _ => 1));
                Assert.Contains("BlockOn was called on a worker", error.Message, StringComparison.Ordinal);
                Assert.Contains("SpawnBlocking", error.Message, StringComparison.Ordinal);
            }

            await Fiber.Yield();
            Assert.Throws<InvalidOperationException>(runtime.Dispose);
        });
    });

    [Theory]
    [MemberData(nameof(Shapes.WithThreads), MemberType = typeof(Shapes))]
    public Task Blocking_work_may_block_on_the_runtime(string shape) => InTime(async () =>
    {
        using Runtime runtime = Shapes.Build(shape);
        Assert.Equal(7, runtime.BlockOn(async scope => await scope.SpawnBlocking(_ => runtime.BlockOn(async _ =>
        {
            await Fiber.Yield();
            return 7;
        }))));
    });

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public Task Once_shut_down_it_takes_nothing_and_says_so(string shape) => InTime(async () =>
    {
        Runtime runtime = Shapes.Build(shape);
        runtime.Dispose();
        Assert.ThrowsAny<InvalidOperationException>(() => runtime.Spawn(async _ => { }));
        Assert.ThrowsAny<InvalidOperationException>(() => runtime.SpawnBlocking(static _ => { }));
        Assert.ThrowsAny<InvalidOperationException>(() => runtime.BlockOn(async _ => { }));
    });

    [Fact]
    public Task Without_a_runtime_there_is_no_current_one() => InTime(async () =>
    {
        Assert.Null(RuntimeHandle.TryCurrent);
        Assert.Contains("Runtime.Run", Assert.Throws<InvalidOperationException>(() => RuntimeHandle.Current).Message, StringComparison.Ordinal);
    });

    [Fact]
    public Task What_is_missing_is_named_with_the_call_that_gives_it() => InTime(async () =>
    {
        using Runtime bare = Runtime.CreateBuilder().MultiThread(1).Name("bare").Build();
        bare.BlockOn(async _ =>
        {
            var io = Assert.Throws<InvalidOperationException>(() => Treeline.Net.TcpListener.Bind("127.0.0.1:0"));
            Assert.Contains("'bare'", io.Message, StringComparison.Ordinal);
            Assert.Contains("EnableIo", io.Message, StringComparison.Ordinal);
            var time = await Assert.ThrowsAsync<InvalidOperationException>(async () => await Clock.Delay(TimeSpan.FromMilliseconds(1)));
            Assert.Contains("'bare'", time.Message, StringComparison.Ordinal);
            Assert.Contains("EnableTime", time.Message, StringComparison.Ordinal);
        });
    });

    [Fact]
    public void A_builder_takes_no_nonsense()
    {
        RuntimeBuilder builder = Runtime.CreateBuilder();
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.MultiThread(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.ThreadPerCore(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.MaxBlockingThreads(0));
        Assert.Throws<ArgumentException>(() => builder.Name(" "));
        Assert.Throws<ArgumentException>(() => builder.ThreadName(""));
        Assert.Throws<ArgumentNullException>(() => builder.OnThreadStart(null!));
    }

    private static Task OnAThread(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
