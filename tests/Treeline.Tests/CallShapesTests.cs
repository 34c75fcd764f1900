namespace Treeline.Tests;

/// <summary>
/// Every way in which people write the delegates of <c>RunAsync</c> and <c>Spawn</c> compiles, and means what it looks
/// like. The declared types are the test: a shape that binds to the wrong overload does not compile. And async lambdas are
/// fibers: the thread knows the node of a fiber that it runs, and of nothing else.
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

    [Fact]
    public Task Async_lambdas_given_to_Spawn_are_fibers() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        ChildTask<bool> expression = scope.Spawn(async ct => await Task.FromResult(InAFiber));
        Assert.True(await expression);
        ChildTask<bool> block = scope.Spawn(async ct =>
        {
            bool fiber = InAFiber;
            await Task.Yield();
            return fiber;
        });
        Assert.True(await block);
        ChildTask<bool> typed = scope.Spawn(async (CancellationToken ct) => await Task.FromResult(InAFiber));
        Assert.True(await typed);
        ChildTask<bool> named = scope.Spawn(static async _ => await Task.FromResult(InAFiber), "named");
        Assert.True(await named);
        ChildTask<bool> typeArgument = scope.Spawn<bool>(async _ => await Task.FromResult(InAFiber));
        Assert.True(await typeArgument);
        ChildTask<bool> anonymous = scope.Spawn(async delegate { return await Task.FromResult(InAFiber); });
        Assert.True(await anonymous);
        ChildTask<bool> anonymousTyped = scope.Spawn(async delegate (CancellationToken ct) { return await Task.FromResult(InAFiber); });
        Assert.True(await anonymousTyped);
        ChildTask<bool> returnType = scope.Spawn(async Fiber<bool> (ct) => await Task.FromResult(InAFiber));
        Assert.True(await returnType);
        ChildTask<bool> nested = scope.Spawn(async _ => await TaskScope.RunAsync(
            async inner => await inner.Spawn(async _ => await Task.FromResult(InAFiber))));
        Assert.True(await nested);
    }));

    [Fact]
    public Task Async_lambdas_without_a_result_given_to_Spawn_are_fibers() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        bool fiber = false;
        ChildTask block = scope.Spawn(async ct =>
        {
            fiber = InAFiber;
            await Task.Yield();
        });
        await block;
        Assert.True(fiber);
        ChildTask expression = scope.Spawn(async ct => await Task.FromResult(fiber = !InAFiber).ConfigureAwait(ConfigureAwaitOptions.None));
        await expression;
        Assert.False(fiber);
        ChildTask anonymous = scope.Spawn(async delegate
        {
            fiber = InAFiber;
            await Task.Yield();
        });
        await anonymous;
        Assert.True(fiber);
#pragma warning disable CS1998 // async lambdas that never wait are shapes, too
        ChildTask empty = scope.Spawn(async ct => { });
        await empty;
        ChildTask neverWaits = scope.Spawn(async ct => { fiber = !InAFiber; });
#pragma warning restore CS1998
        await neverWaits;
        Assert.False(fiber);
        ChildTask returnType = scope.Spawn(async Fiber (ct) =>
        {
            fiber = InAFiber;
            await Task.Yield();
        });
        await returnType;
        Assert.True(fiber);
    }));

    [Fact]
    public Task Async_lambdas_that_only_throw_are_fibers() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
#pragma warning disable CS1998
            ChildTask child = scope.Spawn(async ct => throw new OopsException($"{InAFiber}"));
            Task run = TaskScope.RunAsync(async inner => throw new OopsException($"{IsTheFiberOf(inner)}"));
#pragma warning restore CS1998
            Assert.Equal("True", (await Assert.ThrowsAsync<OopsException>(async () => await child)).Message);
            Assert.Equal("True", (await Assert.ThrowsAsync<OopsException>(() => run)).Message);
        },
        new ScopeOptions { OnFailure = FailurePolicy.Supervise }));

    [Fact]
    public Task Async_lambdas_given_to_RunAsync_are_fibers() => InTime(async () =>
    {
        Task<bool> expression = TaskScope.RunAsync(async scope => await Task.FromResult(IsTheFiberOf(scope)));
        Assert.True(await expression);
        Task<bool> token = TaskScope.RunAsync(async scope => await Task.FromResult(IsTheFiberOf(scope)), CancellationToken.None);
        Assert.True(await token);
        Task<bool> byDefault = TaskScope.RunAsync(async scope => await Task.FromResult(IsTheFiberOf(scope)), default);
        Assert.True(await byDefault);
        Task<bool> options = TaskScope.RunAsync(static async scope => await Task.FromResult(IsTheFiberOf(scope)), s_options);
        Assert.True(await options);
        Task<bool> typeArgument = TaskScope.RunAsync<bool>(async scope => await Task.FromResult(IsTheFiberOf(scope)));
        Assert.True(await typeArgument);
        Task<bool> anonymous = TaskScope.RunAsync(async delegate (TaskScope scope) { return await Task.FromResult(IsTheFiberOf(scope)); });
        Assert.True(await anonymous);
        Task<bool> returnType = TaskScope.RunAsync(async Fiber<bool> (scope) => await Task.FromResult(IsTheFiberOf(scope)));
        Assert.True(await returnType);
        bool fiber = false;
        Task nothing = TaskScope.RunAsync(async scope =>
        {
            fiber = IsTheFiberOf(scope);
            await Task.Yield();
        });
        await nothing;
        Assert.True(fiber);
        fiber = false;
        Task nothingWithOptions = TaskScope.RunAsync(
            async scope =>
            {
                fiber = IsTheFiberOf(scope);
                await Task.Yield();
            },
            s_options);
        await nothingWithOptions;
        Assert.True(fiber);
    });

    [Fact]
    public Task What_is_declared_to_return_a_task_is_no_fiber() => InTime(async () =>
    {
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask<bool> handed = scope.Spawn(ct => Task.FromResult(InAFiber));
            Assert.False(await handed);
            ChildTask<bool> value = scope.Spawn(ct => ValueTask.FromResult(InAFiber));
            Assert.False(await value);
            ChildTask<bool> returnType = scope.Spawn(async Task<bool> (ct) => await Task.FromResult(InAFiber));
            Assert.False(await returnType);
            ChildTask<bool> valueReturnType = scope.Spawn(async ValueTask<bool> (ct) => await Task.FromResult(InAFiber));
            Assert.False(await valueReturnType);
            ChildTask<bool> cast = scope.Spawn((Func<CancellationToken, Task<bool>>)(async ct => await Task.FromResult(InAFiber)));
            Assert.False(await cast);
            ChildTask<bool> made = scope.Spawn(new Func<CancellationToken, ValueTask<bool>>(async ct => await Task.FromResult(InAFiber)));
            Assert.False(await made);
            bool fiber = true;
            ChildTask castNothing = scope.Spawn((Func<CancellationToken, Task>)(async ct =>
            {
                fiber = InAFiber;
                await Task.Yield();
            }));
            await castNothing;
            Assert.False(fiber);
        });
        Task<bool> body = TaskScope.RunAsync(async Task<bool> (scope) => await Task.FromResult(IsTheFiberOf(scope)));
        Assert.False(await body);
        Task<bool> castBody = TaskScope.RunAsync((Func<TaskScope, Task<bool>>)(async scope => await Task.FromResult(IsTheFiberOf(scope))));
        Assert.False(await castBody);
    });

    [Fact]
    public Task Lambdas_that_hand_a_fiber_on() => InTime(async () =>
    {
        Task<int> run = TaskScope.RunAsync(scope => BodyFiberOfInt(scope));
        Assert.Equal(1, await run);
        Task nothing = TaskScope.RunAsync(scope => BodyFiber(scope));
        await nothing;
        Task<int> options = TaskScope.RunAsync(scope => BodyFiberOfInt(scope), s_options);
        Assert.Equal(1, await options);
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask<bool> child = scope.Spawn(ct => ChildFiberOfBool(ct));
            Assert.True(await child);
            ChildTask none = scope.Spawn(ct => ChildFiber(ct));
            await none;
            ChildTask<bool> block = scope.Spawn(ct =>
            {
                if (ct.IsCancellationRequested)
                {
                    throw new OopsException("cancelled");
                }

                return ChildFiberOfBool(ct);
            });
            Assert.True(await block);
            ChildTask<bool> anonymous = scope.Spawn(delegate (CancellationToken ct) { return ChildFiberOfBool(ct); });
            Assert.True(await anonymous);
            Fiber<bool> made = ChildFiberOfBool(scope.Token);
            ChildTask<bool> before = scope.Spawn(_ => made);
            Assert.True(await before);
        });
    });

    [Fact]
    public Task Method_groups_that_return_fibers() => InTime(async () =>
    {
        Task nothing = TaskScope.RunAsync(BodyFiber);
        await nothing;
        Task<int> run = TaskScope.RunAsync(BodyFiberOfInt);
        Assert.Equal(1, await run);
        Task<int> options = TaskScope.RunAsync(BodyFiberOfInt, s_options);
        Assert.Equal(1, await options);
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask none = scope.Spawn(ChildFiber);
            await none;
            ChildTask<bool> child = scope.Spawn(ChildFiberOfBool, "named");
            Assert.True(await child);
            ChildTask<bool> local = scope.Spawn(LocalAsync);
            Assert.True(await local);
            ChildTask<bool> generic = scope.Spawn(ChildFiberOf<bool>);
            Assert.False(await generic);

            static async Fiber<bool> LocalAsync(CancellationToken ct) => await Task.FromResult(InAFiber);
        });
    });

    [Fact]
    public Task Method_groups_with_overloads() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        ChildTask<int> fiber = scope.Spawn(Overloaded);
        Assert.Equal(1, await fiber);
        ChildTask<string> task = scope.Spawn(OverloadedTask);
        Assert.Equal("token", await task);
    }));

    [Fact]
    public Task Fiber_delegates_kept_in_variables() => InTime(async () =>
    {
        Func<TaskScope, Fiber> body = BodyFiber;
        Func<TaskScope, Fiber<int>> bodyOfInt = BodyFiberOfInt;
        Func<object, Fiber<int>> wider = static async _ => await Task.FromResult(3);
        Func<CancellationToken, Fiber<bool>> child = static async _ => await Task.FromResult(InAFiber);
        Task a = TaskScope.RunAsync(body);
        await a;
        Task<int> b = TaskScope.RunAsync(bodyOfInt);
        Assert.Equal(1, await b);
        Task<int> c = TaskScope.RunAsync(wider);
        Assert.Equal(3, await c);
        await TaskScope.RunAsync(async scope =>
        {
            // A delegate may be called often: each call makes another fiber.
            for (int i = 0; i < 3; i++)
            {
                ChildTask<bool> d = scope.Spawn(child);
                Assert.True(await d);
            }
        });
    });

    // Internal, because of each of these groups one is never called.
    internal static async Fiber<int> Overloaded(CancellationToken ct) => await Task.FromResult(InAFiber ? 1 : 0);

    internal static Task<string> Overloaded(string text) => Task.FromResult(text);

    internal static Task<string> OverloadedTask(CancellationToken ct) => Task.FromResult("token");

    internal static async Fiber<string> OverloadedTask(string text) => await Task.FromResult(text);

    private static bool InAFiber => WorkerThread.Current.Node is ChildNode;

    private static bool IsTheFiberOf(TaskScope scope) => ReferenceEquals(WorkerThread.Current.Node, scope);

    private static async Fiber BodyFiber(TaskScope scope)
    {
        Assert.True(IsTheFiberOf(scope));
        await scope.Spawn(ChildFiber);
    }

    private static async Fiber<int> BodyFiberOfInt(TaskScope scope)
    {
        Assert.True(IsTheFiberOf(scope));
        return await Task.FromResult(1);
    }

    private static async Fiber ChildFiber(CancellationToken ct)
    {
        Assert.True(InAFiber);
        await Task.Yield();
    }

    private static async Fiber<bool> ChildFiberOfBool(CancellationToken ct) => await Task.FromResult(InAFiber);

    private static async Fiber<T?> ChildFiberOf<T>(CancellationToken ct) => await Task.FromResult(default(T));

    private static Task BodyTask(TaskScope scope) => Task.CompletedTask;

    private static async Task<int> BodyTaskOfInt(TaskScope scope) => await Task.FromResult(1);

    private static ValueTask BodyValueTask(TaskScope scope) => ValueTask.CompletedTask;

    private static async ValueTask<int> BodyValueTaskOfInt(TaskScope scope) => await Task.FromResult(2);

    private static Task ChildTaskMethod(CancellationToken ct) => Task.CompletedTask;

    private static async Task<int> ChildTaskOfIntMethod(CancellationToken ct) => await Task.FromResult(1);

    private static ValueTask ChildValueTaskMethod(CancellationToken ct) => ValueTask.CompletedTask;

    private static ValueTask<int> ChildValueTaskOfIntMethod(CancellationToken ct) => ValueTask.FromResult(2);
}
