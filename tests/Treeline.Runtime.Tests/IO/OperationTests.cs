// Operations are driven by hand.
#pragma warning disable CA2012

using System.Runtime.CompilerServices;
using Treeline.IO;

namespace Treeline.Tests.IO;

/// <summary>Async methods that are awaited as waits are.</summary>
public sealed class OperationTests : TreeTest
{
    private readonly ManualResetSignal _signal = new("the signal of a test");

    [Fact]
    public Task One_that_never_waits_has_its_result_at_once() => InTime(async () =>
    {
        ValueTask<int> sum = AddAsync(1, new ValueTask<int>(2));
        Assert.True(sum.IsCompletedSuccessfully);
        Assert.Equal(3, await sum);
        Assert.True(EndAsync(default).IsCompletedSuccessfully);
    });

    [Fact]
    public Task One_that_waits_gives_its_result_then() => InTime(async () =>
    {
        ValueTask<int> sum = AddAsync(1, AfterSignalAsync(2));
        ValueTask end = EndAsync(_signal.WaitAsync());
        Assert.False(sum.IsCompleted);
        Assert.False(end.IsCompleted);

        _signal.Set();

        Assert.Equal(3, await sum);
        await end;
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task What_it_throws_is_thrown_where_it_is_awaited(bool waits) => InTime(async () =>
    {
        if (!waits)
        {
            _signal.Set();
        }

        ValueTask<int> failing = ThrowAsync(new OopsException("as meant"));
        _signal.Set();

        Assert.Equal("as meant", (await Assert.ThrowsAsync<OopsException>(async () => await failing)).Message);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task What_ends_by_cancellation_is_cancelled(bool waits) => InTime(async () =>
    {
        if (!waits)
        {
            _signal.Set();
        }

        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        Task<int> failing = ThrowAsync(new OperationCanceledException(source.Token)).AsTask();
        _signal.Set();

        Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => failing)).CancellationToken);
        Assert.True(failing.IsCanceled);
    });

    [Fact]
    public Task It_is_awaited_once() => InTime(async () =>
    {
        ValueTask<int> operation = AddAsync(1, AfterSignalAsync(1));
        Assert.Throws<InvalidOperationException>(() => operation.GetAwaiter().GetResult());
        _signal.Set();
        await operation;

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await operation);
    });

    [Fact]
    public Task A_fiber_goes_on_on_its_executor() => InTime(async () =>
    {
        using var own = new DedicatedThread();
        await TaskScope.RunAsync(
            async scope => await scope.Spawn(async ct =>
            {
                SetLater(own);
                Assert.Equal(3, await AddAsync(1, AfterSignalAsync(2)));
                Assert.True(own.IsCurrent);

                _signal.Reset();
                SetLater(own);
                await EndAsync(_signal.WaitAsync());
                Assert.True(own.IsCurrent);

                _signal.Reset();
                SetLater(own);
                await Assert.ThrowsAsync<OopsException>(async () => await ThrowAsync(new OopsException("as meant")));
            }),
            new ScopeOptions { Executor = own });
    });

    [Fact]
    public Task A_user_interface_goes_on_on_its_thread() => InTime(async () =>
    {
        using var ui = new UserInterface();
        await ui.InvokeAsync(async () =>
        {
            ui.Post(_ => _signal.Set(), null); // runs when this waits
            Assert.Equal(3, await AddAsync(1, AfterSignalAsync(2)));
            Assert.True(ui.IsCurrent);
        });
    });

    [Fact]
    public Task Plain_code_of_a_scheduler_that_wants_its_awaits_back_goes_on_there() => InTime(async () =>
    {
        using var crank = new SingleThreadCrank();
        var cameBack = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        crank.Scheduler.Schedule(new Work(async () =>
        {
            int thread = Environment.CurrentManagedThreadId;
            SetLater(crank.Scheduler);
            await AddAsync(1, AfterSignalAsync(2));
            cameBack.SetResult(thread == Environment.CurrentManagedThreadId);
        }));
        await Task.Factory.StartNew(
            () => crank.RunUntil(cameBack.Task), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        Assert.True(await cameBack.Task);
    });

    [Fact]
    public Task The_context_of_the_caller_flows() => InTime(async () =>
    {
        var local = new AsyncLocal<string> { Value = "caller" };
        ValueTask<string?> read = ReadLocalAsync(local);
        local.Value = "later";

        _signal.Set();

        Assert.Equal("caller", await read);
        Assert.Equal("later", local.Value);
    });

    [Fact]
    public Task The_tree_shows_what_it_waits_for() => InTime(async () =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(async ct => await AddAsync(1, AfterSignalAsync(2)), "waiting");
            await Until(() => Find("waiting").WaitsOn == "the signal of a test");
            _signal.Set();
        });
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        var source = new HandFed();
        byte[] fed = [1];
        byte[] buffer = new byte[1];
        Warm.AllocatesNothing(() =>
        {
            var sum = AddAsync(1, source.ReadAsync(buffer)).ConfigureAwait(false).GetAwaiter();
            source.Feed(fed);
            Assert.True(sum.GetResult() == 2);
        });
    }

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private static async ValueTask<int> AddAsync(int one, ValueTask<int> other) => one + await other.ConfigureAwait(SchedulerContext.IsCurrent);

    [AsyncMethodBuilder(typeof(OperationBuilder))]
    private static async ValueTask EndAsync(ValueTask wait) => await wait.ConfigureAwait(SchedulerContext.IsCurrent);

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private async ValueTask<int> AfterSignalAsync(int value)
    {
        await _signal.WaitAsync().ConfigureAwait(SchedulerContext.IsCurrent);
        return value;
    }

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private async ValueTask<int> ThrowAsync(Exception error)
    {
        await _signal.WaitAsync().ConfigureAwait(SchedulerContext.IsCurrent);
        throw error;
    }

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private async ValueTask<string?> ReadLocalAsync(AsyncLocal<string> local)
    {
        await _signal.WaitAsync().ConfigureAwait(SchedulerContext.IsCurrent);
        return local.Value;
    }

    /// <summary>Gives the signal on an executor with one thread, so when the code that runs there waits.</summary>
    private void SetLater(Executor executor) => executor.Schedule(new Work(() =>
    {
        _signal.Set();
        return Task.CompletedTask;
    }));

    private sealed class Work(Func<Task> work) : IThreadPoolWorkItem
    {
        public void Execute() => _ = work();
    }
}
