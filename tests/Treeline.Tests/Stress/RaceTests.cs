namespace Treeline.Tests.Stress;

/// <summary>Two or three things at the very same time, a few thousand times each.</summary>
public sealed class RaceTests : TreeTest
{
    private const int Rounds = 2_000;

    [Fact]
    public Task Cancel_against_spawn_against_close() => InTime(() => EachRound(async race =>
    {
        TaskScope scope = TaskScope.Open();
        ChildTask? spawned = null;
        await race.RunAsync(
            () => scope.Cancel(),
            () =>
            {
                try
                {
                    spawned = scope.Spawn(Forever);
                }
                catch (InvalidOperationException)
                {
                    // The close came first.
                }
            },
            () => _ = scope.DisposeAsync().AsTask());
        await scope.DisposeAsync();
        Assert.True(spawned is null or { State: NodeState.Cancelled });
        Assert.True(scope.State is NodeState.Cancelled or NodeState.Succeeded);
    }));

    [Fact]
    public Task The_last_child_ends_against_the_body_ends() => InTime(() => EachRound(async race =>
    {
        TaskCompletionSource body = new();
        TaskCompletionSource child = new();
        Task<int> run = TaskScope.RunAsync(async scope =>
        {
            scope.Spawn(_ => child.Task);
            await body.Task;
            return 42;
        });
        await race.RunAsync(body.SetResult, child.SetResult);
        Assert.Equal(42, await run);
    }));

    [Fact]
    public Task Join_against_dispose_against_the_end_of_the_owner() => InTime(() => EachRound(async race =>
    {
        TaskCompletionSource owner = new();
        TaskCompletionSource<TaskScope> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task join = null!;
        Task dispose = null!;
        Task run = TaskScope.RunAsync(async _ =>
        {
            TaskScope scope = TaskScope.Open();
            scope.Spawn(static _ => Task.CompletedTask);
            opened.SetResult(scope);
            await owner.Task;
        });
        TaskScope scope = await opened.Task;
        await race.RunAsync(
            owner.SetResult,
            () => join = scope.JoinAsync(),
            () => dispose = scope.DisposeAsync().AsTask());
        await Task.WhenAll(run, join, dispose).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.True(run.IsCompletedSuccessfully);
        Assert.True(dispose.IsCompletedSuccessfully);
        Assert.False(join.IsFaulted);
    }));

    [Fact]
    public Task Making_the_token_against_cancel() => InTime(() => EachRound(async race =>
    {
        CancelScope top = CancelScope.Open();
        CancelScope scope = top.Child();
        CancellationToken one = default;
        CancellationToken other = default;
        int callbacks = 0;
        await race.RunAsync(
            () =>
            {
                one = scope.Token;
                one.Register(() => Interlocked.Increment(ref callbacks));
            },
            () => top.Cancel(),
            () => other = scope.Token);
        Assert.Equal(one, other);
        Assert.True(one.IsCancellationRequested);
        Assert.Equal(1, callbacks);
        await top.DisposeAsync();
    }));

    [Fact]
    public Task Asking_for_the_completion_against_the_end_of_the_child() => InTime(() => TaskScope.RunAsync(scope => EachRound(async race =>
    {
        TaskCompletionSource<int> work = new();
        ChildTask<int> child = scope.Spawn(_ => work.Task);
        Task<int> one = null!;
        Task<int> other = null!;
        await race.RunAsync(
            () => work.SetResult(42),
            () => one = AwaitAsync(child),
            () => other = child.AsTask());
        Assert.Equal(42, await one);
        Assert.Equal(42, await other);
        Assert.Equal(42, await child);
    })));

    [Fact]
    public Task Opening_a_scope_against_the_cancellation_of_its_parent() => InTime(() => EachRound(async race =>
    {
        CancelScope top = CancelScope.Open();
        CancelScope middle = top.Child();
        CancelScope below = null!;
        await race.RunAsync(() => top.Cancel(), () => below = middle.Child());
        Assert.True(below.IsCancellationRequested);
        Assert.True(below.Token.IsCancellationRequested);
        await top.DisposeAsync();
    }));

    [Fact]
    public Task Opening_a_scope_with_an_outer_token_against_the_end_of_its_owner() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        await EachRound(async race =>
        {
            CancelScope owner = CancelScope.Open();
            await race.RunAsync(
                () => _ = owner.DisposeAsync().AsTask(),
                () =>
                {
                    try
                    {
                        owner.Child();
                    }
                    catch (InvalidOperationException)
                    {
                        // The close came first.
                    }
                });
            Assert.Equal(NodeState.Succeeded, owner.State);
        });
    });

    [Fact]
    public Task Cancelling_the_outer_source_against_closing_the_scope() => InTime(() => EachRound(async race =>
    {
        using var outer = new CancellationTokenSource();
        TaskScope scope = TaskScope.Open(outer.Token);
        Task dispose = null!;
        await race.RunAsync(outer.Cancel, () => dispose = scope.DisposeAsync().AsTask());
        await dispose;
        Assert.True(scope.State is NodeState.Succeeded or NodeState.Cancelled);
    }));

    [Fact]
    public Task A_deadline_against_the_end() => InTime(() => EachRound(async race =>
    {
        var clock = new ManualTimeProvider();
        TaskCompletionSource body = new();
        Task run = TaskScope.RunAsync(
            async scope =>
            {
                await body.Task;
                scope.Token.ThrowIfCancellationRequested();
            },
            new ScopeOptions { Timeout = TimeSpan.FromSeconds(1), TimeProvider = clock });
        await race.RunAsync(body.SetResult, () => clock.Advance(TimeSpan.FromSeconds(1)));
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.True(run.IsCompletedSuccessfully || run.Exception?.InnerException is TimeoutException);
        Assert.Equal(0, clock.Pending);
    }));

    [Fact]
    public Task Several_failures_at_once_all_surface() => InTime(() => EachRound(async race =>
    {
        TaskCompletionSource[] work = [new(), new(), new()];
        Task run = TaskScope.RunAsync(async scope =>
        {
            ChildTask[] children = [.. work.Select(source => scope.Spawn(_ => source.Task))];
            await Until(() => children.All(static child => child.State != NodeState.Pending));
        });
        // Started, they fail whether or not the scope is cancelled by then.
        await race.RunAsync([.. work.Select((source, number) => (Action)(() => source.SetException(new OopsException($"{number}"))))]);
        ScopeException? several = null;
        try
        {
            await run;
        }
        catch (ScopeException e)
        {
            several = e;
        }
        catch (OopsException)
        {
            // The others had not started when the first failed.
            return;
        }

        Assert.InRange(several!.Failures.Count, 2, 3);
    }));

    [Fact]
    public Task A_child_seen_as_ended_is_not_in_the_tree_even_if_a_forgotten_scope_kept_it() => InTime(() => TaskScope.RunAsync(
        scope => EachRound(async race =>
        {
            TaskCompletionSource go = new();
            ChildTask child = scope.Spawn(ct =>
            {
                _ = TaskScope.RunAsync(_ => go.Task);
                return Task.CompletedTask;
            });
            await Until(() => child.State == NodeState.Joining);
            bool found = true;
            await race.RunAsync(go.SetResult, () =>
            {
                SpinWait.SpinUntil(() => child.IsCompleted);
                found = Find("root").Children.Any(node => node.Name == child.Name);
            });
            Assert.False(found);
        }),
        name: "root"));

    private static async Task<int> AwaitAsync(ChildTask<int> child) => await child;

    private static async Task EachRound(Func<Race, Task> round)
    {
        using var race = new Race();
        for (int i = 0; i < Rounds; i++)
        {
            await round(race);
        }
    }

    /// <summary>Threads that start their steps together.</summary>
    private sealed class Race : IDisposable
    {
        private const int Lanes = 3;

        private readonly Thread[] _threads;
        private readonly Action?[] _steps = new Action?[Lanes];
        private readonly SemaphoreSlim[] _go = [new(0), new(0), new(0)];
        private TaskCompletionSource _done = new();
        private Exception? _error;
        private int _left;
        private int _ready;

        public Race()
        {
            using (ExecutionContext.SuppressFlow())
            {
                _threads = [.. Enumerable.Range(0, Lanes).Select(lane => new Thread(() => Run(lane)) { IsBackground = true })];
                Array.ForEach(_threads, static thread => thread.Start());
            }
        }

        public Task RunAsync(params Action[] steps)
        {
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _error = null;
            _left = _ready = steps.Length;
            for (int lane = 0; lane < steps.Length; lane++)
            {
                _steps[lane] = steps[lane];
                _go[lane].Release();
            }

            return _done.Task;
        }

        public void Dispose()
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                _steps[lane] = null;
                _go[lane].Release();
            }

            Array.ForEach(_threads, static thread => thread.Join());
            Array.ForEach(_go, static go => go.Dispose());
        }

        private void Run(int lane)
        {
            while (true)
            {
                _go[lane].Wait();
                if (_steps[lane] is not { } step)
                {
                    return;
                }

                // All at the line: then they go at once.
                Interlocked.Decrement(ref _ready);
                SpinWait.SpinUntil(() => Volatile.Read(ref _ready) <= 0);
                try
                {
                    step();
                }
                catch (Exception e)
                {
                    _error = e;
                }

                if (Interlocked.Decrement(ref _left) == 0)
                {
                    if (_error is { } error)
                    {
                        _done.SetException(error);
                    }
                    else
                    {
                        _done.SetResult();
                    }
                }
            }
        }
    }
}
