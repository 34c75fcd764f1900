namespace Treeline.Tests.Execution.Fibers;

/// <summary>What a fiber is to whoever has one: it starts when it is awaited, spawned or made a task, and runs once.</summary>
public sealed class FiberTests : TreeTest
{
    [Fact]
    public Task Calling_the_method_runs_none_of_it() => InTime(async events =>
    {
        Fiber<int> fiber = RunAsync();
        events.Expect(1);
        Assert.Equal(42, await fiber);
        events.Finish(3);

        async Fiber<int> RunAsync()
        {
            events.Expect(2);
            await Fiber.Yield();
            return 42;
        }
    });

    [Fact]
    public Task A_fiber_nobody_starts_never_runs() => InTime(async () =>
    {
        bool ran = false;
        _ = RunAsync();
        await TaskScope.RunAsync(async scope =>
        {
            _ = RunAsync();
            await scope.Spawn(async _ => await Fiber.Yield());
        });
        Assert.False(ran);

        async Fiber RunAsync()
        {
            ran = true;
            await Fiber.Yield();
        }
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_fiber_awaits_another(bool suspends) => InTime(() => TaskScope.RunAsync(async scope =>
    {
        Assert.Equal(42, await Answer(suspends));
        await Nothing(suspends);
        Assert.Equal(42, await scope.Spawn(async _ =>
        {
            await Nothing(suspends);
            return await Answer(suspends);
        }));
        await Assert.ThrowsAsync<OopsException>(async () => await Fail(suspends));
        Assert.Equal("oops", await CaughtInAFiber(suspends));
    }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_plain_async_method_awaits_a_fiber(bool suspends) => InTime(async Task () =>
    {
        Assert.Equal(42, await Answer(suspends));
        await Nothing(suspends);
        Assert.Equal("oops", (await Assert.ThrowsAsync<OopsException>(async Task () => await Fail(suspends))).Message);
    });

    [Fact]
    public Task A_fiber_awaits_plain_async_methods_and_tasks_and_goes_on() => InTime(async () =>
    {
        Assert.Equal(42, await MixedAsync(3));

        static async Fiber<int> MixedAsync(int depth)
        {
            await Task.Yield();
            int answer = depth == 0 ? 42 : await PlainAsync(depth - 1);
            await Fiber.Yield();
            await Task.CompletedTask;
            return await new ValueTask<int>(answer).ConfigureAwait(false);
        }

        static async Task<int> PlainAsync(int depth)
        {
            int answer = await MixedAsync(depth);
            await Task.Yield();
            return answer;
        }
    });

    [Fact]
    public Task A_plain_method_that_has_a_synchronization_context_goes_on_in_it_after_a_fiber() => InTime(async () =>
    {
        using var ui = new UserInterface();
        await ui.InvokeAsync(async Task () =>
        {
            foreach (bool suspends in (bool[])[false, true])
            {
                Assert.Equal(42, await Answer(suspends));
                Assert.True(ui.IsCurrent);
                await Assert.ThrowsAsync<OopsException>(async Task () => await Fail(suspends));
                Assert.True(ui.IsCurrent);
            }
        });
    });

    [Fact]
    public Task As_a_task_it_runs_at_once_on_the_callers_thread_until_it_first_waits() => InTime(async events =>
    {
        TaskCompletionSource go = Signal();
        int caller = Environment.CurrentManagedThreadId;
        Task<int> task = RunAsync().AsTask();
        events.Expect(2);
        Assert.False(task.IsCompleted);
        go.SetResult();
        Assert.Equal(42, await task);
        Assert.Equal(42, await task);
        events.Finish(3);

        async Fiber<int> RunAsync()
        {
            Assert.Equal(caller, Environment.CurrentManagedThreadId);
            events.Expect(1);
            await go.Task;
            return 42;
        }
    });

    [Fact]
    public async Task As_a_task_it_is_complete_at_once_if_it_never_waits()
    {
        Assert.True(Nothing(suspends: false).AsTask().IsCompletedSuccessfully);
        Task<int> answer = Answer(suspends: false).AsTask();
        Assert.True(answer.IsCompletedSuccessfully);
        Assert.Equal(42, await answer);
        Task failed = Fail(suspends: false).AsTask();
        Assert.True(failed.IsFaulted);
        Assert.Equal("oops", Assert.IsType<OopsException>(Assert.Single(failed.Exception!.InnerExceptions)).Message);
    }

    [Fact]
    public Task As_a_task_it_fails_as_its_code_does() => InTime(async () =>
    {
        Task failing = Fail(suspends: true).AsTask();
        Assert.Equal("oops", (await Assert.ThrowsAsync<OopsException>(() => failing)).Message);
        Assert.True(failing.IsFaulted);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task As_a_task_it_is_cancelled_as_its_code_is_message_and_all(bool suspends) => InTime(async () =>
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        Task task = CancelledAsync().AsTask();
        OperationCanceledException thrown = await Assert.ThrowsAsync<OperationCanceledException>(() => task);
        Assert.True(task.IsCanceled);
        Assert.Equal("enough", thrown.Message);
        Assert.Equal(source.Token, thrown.CancellationToken);

        async Fiber CancelledAsync()
        {
            if (suspends)
            {
                await Fiber.Yield();
            }

            throw new OperationCanceledException("enough", source.Token);
        }
    });

    [Fact]
    public Task A_large_result_and_a_null_one_arrive() => InTime(async () =>
    {
        Assert.Equal((1L, 2L, 3L, 4L), await Large());
        Assert.Null(await Null());
        Assert.Equal((1L, 2L, 3L, 4L), await Large().AsTask());

        static async Fiber<(long, long, long, long)> Large()
        {
            await Fiber.Yield();
            return (1, 2, 3, 4);
        }

        static async Fiber<string?> Null()
        {
            await Fiber.Yield();
            return null;
        }
    });

    [Fact]
    public Task Many_fibers_of_one_method_live_side_by_side() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        Fiber<int>[] cold = [.. Enumerable.Range(0, 500).Select(static number => Echo(number))];
        ChildTask<int>[] children = [.. Enumerable.Range(0, 500).Select(number => scope.Spawn(_ => Echo(number)))];
        for (int i = cold.Length - 1; i >= 0; i--)
        {
            Assert.Equal(i, await cold[i]);
            Assert.Equal(i, await children[i]);
        }

        static async Fiber<int> Echo(int number)
        {
            for (int i = 0; i < number % 3; i++)
            {
                await Fiber.Yield();
            }

            return number;
        }
    }));

    [Fact]
    public Task Yielding_lets_what_is_queued_run_first() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            var order = new List<string>();
            ChildTask one = scope.Spawn(_ => Note("one"));
            ChildTask other = scope.Spawn(_ => Note("other"));
            await one;
            await other;
            Assert.Equal(["one", "other", "one", "other", "one", "other"], order);

            async Fiber Note(string name)
            {
                for (int i = 0; i < 3; i++)
                {
                    order.Add(name);
                    await Fiber.Yield();
                }
            }
        },
        new ScopeOptions { Executor = new DedicatedThread() }));

    [Fact]
    public Task A_yield_can_be_awaited_in_plain_code_too() => InTime(async Task () =>
    {
        for (int i = 0; i < 100; i++)
        {
            await Fiber.Yield();
        }
    });

    internal static async Fiber<int> Answer(bool suspends)
    {
        if (suspends)
        {
            await Fiber.Yield();
        }

        return 42;
    }

    internal static async Fiber Nothing(bool suspends)
    {
        if (suspends)
        {
            await Fiber.Yield();
        }
    }

    internal static async Fiber Fail(bool suspends)
    {
        if (suspends)
        {
            await Fiber.Yield();
        }

        throw new OopsException("oops");
    }

    private static async Fiber<string> CaughtInAFiber(bool suspends)
    {
        try
        {
            await Fail(suspends);
            return "nothing";
        }
        catch (OopsException e)
        {
            await Nothing(suspends);
            return e.Message;
        }
    }
}
