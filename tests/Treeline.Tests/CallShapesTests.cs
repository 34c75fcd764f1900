namespace Treeline.Tests;

/// <summary>
/// Every way in which people write the delegates of <c>RunAsync</c> and <c>Spawn</c> compiles, and means what it looks
/// like. The declared types are the test: a shape that binds to the wrong overload does not compile.
/// </summary>
public sealed class CallShapesTests : TreeTest
{
    private static readonly ScopeOptions s_options = new() { Name = "with options" };

    [Fact]
    public Task Async_lambdas_without_a_result() => InTime(async events =>
    {
        Task run = TaskScope.RunAsync(async scope =>
        {
            ChildTask child = scope.Spawn(async ct => { await Task.Yield(); });
            await child;
            ChildTask expression = scope.Spawn(async ct => await Task.Yield());
            await expression;
            ChildTask named = scope.Spawn(async ct => { await Task.Yield(); }, "named");
            await named;
            ChildTask empty = scope.Spawn(async ct => await Task.CompletedTask);
            await empty;
            events.Expect(1);
        });
        await run;
        Task expression = TaskScope.RunAsync(async scope => await scope.Spawn(async _ => await Task.Yield()));
        await expression;
        Task cancellable = TaskScope.RunAsync(async scope => await Task.Yield(), CancellationToken.None);
        await cancellable;
        Task named = TaskScope.RunAsync(async scope => await Task.Yield(), name: "named");
        await named;
        Task options = TaskScope.RunAsync(async scope => await Task.Yield(), s_options);
        await options;
        Task both = TaskScope.RunAsync(async scope => await Task.Yield(), s_options, CancellationToken.None);
        await both;
        events.Finish(2);
    });

    [Fact]
    public Task Async_lambdas_with_a_result() => InTime(async () =>
    {
        Task<int> run = TaskScope.RunAsync(async scope =>
        {
            ChildTask<string> child = scope.Spawn(async ct =>
            {
                await Task.Yield();
                return "four";
            });
            ChildTask<int> expression = scope.Spawn(async ct => await Task.FromResult(38));
            return await expression + (await child).Length;
        });
        Assert.Equal(42, await run);
        Task<int> expression = TaskScope.RunAsync(async scope => await scope.Spawn(async ct => await Task.FromResult(1)));
        Assert.Equal(1, await expression);
        Task<string?> nullable = TaskScope.RunAsync(async scope =>
        {
            await Task.Yield();
            return (string?)null;
        });
        Assert.Null(await nullable);
        Task<int> options = TaskScope.RunAsync(async scope => await Task.FromResult(2), s_options);
        Assert.Equal(2, await options);
        Task<int> both = TaskScope.RunAsync(async scope => await Task.FromResult(3), s_options, CancellationToken.None);
        Assert.Equal(3, await both);
        Task<(int, string)> tuple = TaskScope.RunAsync(async scope => (await Task.FromResult(1), "a"));
        Assert.Equal((1, "a"), await tuple);
    });

    [Fact]
    public Task Throw_only_lambdas_have_no_result() => InTime(async () =>
    {
        Task run = TaskScope.RunAsync(async scope =>
        {
            ChildTask sync = scope.Spawn(_ => throw new OopsException("sync"));
            await Assert.ThrowsAsync<OopsException>(async () => await sync);
            await Task.Yield();
        }, new ScopeOptions { OnFailure = FailurePolicy.Supervise });
        await run;

        Task asynchronous = TaskScope.RunAsync(async scope =>
        {
#pragma warning disable CS1998 // an async lambda that only throws is one of the shapes
            ChildTask child = scope.Spawn(async ct => throw new OopsException("async"));
#pragma warning restore CS1998
            await Assert.ThrowsAsync<OopsException>(async () => await child);
        }, new ScopeOptions { OnFailure = FailurePolicy.Supervise });
        await asynchronous;

        Task thrown = TaskScope.RunAsync(scope => throw new OopsException("body"));
        Assert.Equal("body", (await Assert.ThrowsAsync<OopsException>(() => thrown)).Message);
#pragma warning disable CS1998
        Task asyncThrown = TaskScope.RunAsync(async scope => throw new OopsException("async body"));
#pragma warning restore CS1998
        Assert.Equal("async body", (await Assert.ThrowsAsync<OopsException>(() => asyncThrown)).Message);
    });

    [Fact]
    public Task Loops_that_never_return_have_no_result() => InTime(async () =>
    {
        Task run = TaskScope.RunAsync(async scope =>
        {
            ChildTask loop = scope.Spawn(async ct =>
            {
                while (true)
                {
                    ct.ThrowIfCancellationRequested();
                    await Task.Yield();
                }
            });
            scope.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await loop);
        });
        await run;

        Task endless = TaskScope.RunAsync(async scope =>
        {
            scope.Cancel();
            while (true)
            {
                await Task.Yield();
                scope.Token.ThrowIfCancellationRequested();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless);
    });

    [Fact]
    public Task Lambdas_that_hand_a_task_on() => InTime(async () =>
    {
        Task run = TaskScope.RunAsync(scope => Task.CompletedTask);
        await run;
        Task<int> result = TaskScope.RunAsync(scope => Task.FromResult(1));
        Assert.Equal(1, await result);
        Task valueTask = TaskScope.RunAsync(scope => ValueTask.CompletedTask);
        await valueTask;
        Task<int> valueResult = TaskScope.RunAsync(scope => ValueTask.FromResult(2));
        Assert.Equal(2, await valueResult);
        Task<int> nested = TaskScope.RunAsync(scope => TaskScope.RunAsync(async inner => await Task.FromResult(3)));
        Assert.Equal(3, await nested);

        await TaskScope.RunAsync(async scope =>
        {
            ChildTask task = scope.Spawn(ct => Task.CompletedTask);
            await task;
            ChildTask<int> taskOfT = scope.Spawn(ct => Task.FromResult(1));
            Assert.Equal(1, await taskOfT);
            ChildTask value = scope.Spawn(ct => ValueTask.CompletedTask);
            await value;
            ChildTask<int> valueOfT = scope.Spawn(ct => ValueTask.FromResult(2));
            Assert.Equal(2, await valueOfT);
            ChildTask<int> nestedScope = scope.Spawn(ct => TaskScope.RunAsync(async inner => await Task.FromResult(3), ct));
            Assert.Equal(3, await nestedScope);
            ChildTask completion = scope.Spawn(ct => new TaskCompletionSource<int>().Task.WaitAsync(TimeSpan.Zero, TimeProvider.System, ct)
                .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default));
            await completion;
        });
    });

    [Fact]
    public Task Blocks_that_return_on_several_ways() => InTime(async () =>
    {
        Task<int> run = TaskScope.RunAsync(async scope =>
        {
            ChildTask<int> child = scope.Spawn(async ct =>
            {
                if (ct.IsCancellationRequested)
                {
                    throw new OopsException("cancelled");
                }

                await Task.Yield();
                return 1;
            });
            ChildTask early = scope.Spawn(async ct =>
            {
                if (!ct.IsCancellationRequested)
                {
                    return;
                }

                await Task.Yield();
            });
            await early;
            if (scope.IsCancellationRequested)
            {
                return 0;
            }

            return await child;
        });
        Assert.Equal(1, await run);
    });

    [Fact]
    public Task Method_groups() => InTime(async () =>
    {
        Task task = TaskScope.RunAsync(BodyTask);
        await task;
        Task<int> taskOfT = TaskScope.RunAsync(BodyTaskOfInt);
        Assert.Equal(1, await taskOfT);
        Task value = TaskScope.RunAsync(BodyValueTask);
        await value;
        Task<int> valueOfT = TaskScope.RunAsync(BodyValueTaskOfInt);
        Assert.Equal(2, await valueOfT);
        Task<int> options = TaskScope.RunAsync(BodyTaskOfInt, s_options);
        Assert.Equal(1, await options);

        await TaskScope.RunAsync(async scope =>
        {
            ChildTask child = scope.Spawn(ChildTaskMethod);
            await child;
            ChildTask<int> childOfT = scope.Spawn(ChildTaskOfIntMethod);
            Assert.Equal(1, await childOfT);
            ChildTask valueChild = scope.Spawn(ChildValueTaskMethod);
            await valueChild;
            ChildTask<int> valueChildOfT = scope.Spawn(ChildValueTaskOfIntMethod);
            Assert.Equal(2, await valueChildOfT);
            ChildTask<int> named = scope.Spawn(ChildValueTaskOfIntMethod, "named");
            Assert.Equal(2, await named);
        });
    });

    [Fact]
    public Task Anonymous_delegates() => InTime(async () =>
    {
        Task run = TaskScope.RunAsync(async delegate (TaskScope scope)
        {
            ChildTask child = scope.Spawn(async delegate { await Task.Yield(); });
            await child;
            ChildTask typed = scope.Spawn(async delegate (CancellationToken ct) { await Task.Delay(0, ct); });
            await typed;
            ChildTask<int> result = scope.Spawn(async delegate
            {
                await Task.Yield();
                return 1;
            });
            Assert.Equal(1, await result);
            ChildTask<int> handed = scope.Spawn(delegate { return Task.FromResult(2); });
            Assert.Equal(2, await handed);
        });
        await run;
        Task<int> withResult = TaskScope.RunAsync(async delegate
        {
            await Task.Yield();
            return 3;
        });
        Assert.Equal(3, await withResult);
    });

    [Fact]
    public Task Explicit_type_arguments_and_parameter_types() => InTime(async () =>
    {
        Task<int> run = TaskScope.RunAsync<int>(async scope =>
        {
            ChildTask<long> child = scope.Spawn<long>(async ct => await Task.FromResult(1));
            ChildTask<object> wider = scope.Spawn<object>(async ct => await Task.FromResult("text"));
            Assert.Equal("text", await wider);
            ChildTask<int> thrower = scope.Spawn<int>(ct => ct.IsCancellationRequested ? throw new OopsException("no") : Task.FromResult(1));
            return (int)await child + await thrower;
        });
        Assert.Equal(2, await run);
        Task<object> wide = TaskScope.RunAsync<object>(async (TaskScope scope) => await Task.FromResult("text"));
        Assert.Equal("text", await wide);
        Task<int> returnType = TaskScope.RunAsync(async Task<int> (TaskScope scope) => await Task.FromResult(5));
        Assert.Equal(5, await returnType);
        Task<int> valueReturnType = TaskScope.RunAsync(async ValueTask<int> (scope) => await Task.FromResult(6));
        Assert.Equal(6, await valueReturnType);
        Task taskReturnType = TaskScope.RunAsync(async Task (scope) => await scope.Spawn(async Task (ct) => await Task.Yield()));
        await taskReturnType;
    });

    [Fact]
    public Task Static_lambdas_discards_and_local_functions() => InTime(async () =>
    {
        Task run = TaskScope.RunAsync(static async scope =>
        {
            ChildTask<int> child = scope.Spawn(static async _ => await Task.FromResult(1));
            _ = scope.Spawn(static async _ => await Task.Yield());
            scope.Spawn(static _ => Task.CompletedTask);
            Assert.Equal(1, await child);
        });
        await run;
        Task discarded = TaskScope.RunAsync(static async _ => await Task.Yield());
        await discarded;
        Task<int> local = TaskScope.RunAsync(BodyAsync);
        Assert.Equal(4, await local);

        async Task<int> BodyAsync(TaskScope scope)
        {
            ChildTask<int> child = scope.Spawn(WorkAsync);
            return await child;
        }

        static async ValueTask<int> WorkAsync(CancellationToken ct)
        {
            await Task.Yield();
            return ct.IsCancellationRequested ? 0 : 4;
        }
    });

    [Fact]
    public Task Delegates_kept_in_variables() => InTime(async () =>
    {
        Func<TaskScope, Task> task = static _ => Task.CompletedTask;
        Func<TaskScope, Task<int>> taskOfT = static _ => Task.FromResult(1);
        Func<TaskScope, ValueTask> value = static _ => ValueTask.CompletedTask;
        Func<TaskScope, ValueTask<int>> valueOfT = static _ => ValueTask.FromResult(2);
        Func<object, Task<int>> wider = static _ => Task.FromResult(3);
        Task a = TaskScope.RunAsync(task);
        await a;
        Task<int> b = TaskScope.RunAsync(taskOfT);
        Assert.Equal(1, await b);
        Task c = TaskScope.RunAsync(value);
        await c;
        Task<int> d = TaskScope.RunAsync(valueOfT);
        Assert.Equal(2, await d);
        Task<int> e = TaskScope.RunAsync(wider);
        Assert.Equal(3, await e);
    });

    [Fact]
    public Task A_default_second_argument_is_the_token() => InTime(async () =>
    {
        Task run = TaskScope.RunAsync(async scope => await Task.Yield(), default);
        await run;
        Task<int> result = TaskScope.RunAsync(async scope => await Task.FromResult(1), default);
        Assert.Equal(1, await result);
        Task handed = TaskScope.RunAsync(scope => Task.CompletedTask, default);
        await handed;
        await using TaskScope open = TaskScope.Open(default);
        await open.JoinAsync();
    });

    private static Task BodyTask(TaskScope scope) => Task.CompletedTask;

    private static async Task<int> BodyTaskOfInt(TaskScope scope) => await Task.FromResult(1);

    private static ValueTask BodyValueTask(TaskScope scope) => ValueTask.CompletedTask;

    private static async ValueTask<int> BodyValueTaskOfInt(TaskScope scope) => await Task.FromResult(2);

    private static Task ChildTaskMethod(CancellationToken ct) => Task.CompletedTask;

    private static async Task<int> ChildTaskOfIntMethod(CancellationToken ct) => await Task.FromResult(1);

    private static ValueTask ChildValueTaskMethod(CancellationToken ct) => ValueTask.CompletedTask;

    private static ValueTask<int> ChildValueTaskOfIntMethod(CancellationToken ct) => ValueTask.FromResult(2);
}
