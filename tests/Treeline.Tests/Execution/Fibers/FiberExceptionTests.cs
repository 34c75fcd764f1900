using System.Runtime.CompilerServices;

namespace Treeline.Tests.Execution.Fibers;

/// <summary>What a fiber throws reaches whoever awaits it as it was thrown.</summary>
public sealed class FiberExceptionTests : TreeTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task An_exception_keeps_its_type_and_its_stack_through_nested_fibers(bool suspends) => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            OopsException nested = await Assert.ThrowsAsync<OopsException>(async () => await OuterAsync(suspends));
            AssertStack(nested);
            OopsException child = await Assert.ThrowsAsync<OopsException>(async () => await scope.Spawn(_ => OuterAsync(suspends)));
            AssertStack(child);
            OopsException task = await Assert.ThrowsAsync<OopsException>(() => OuterAsync(suspends).AsTask());
            AssertStack(task);
            OopsException plain = await Assert.ThrowsAsync<OopsException>(async Task () => await OuterAsync(suspends));
            AssertStack(plain);
            OopsException body = await Assert.ThrowsAsync<OopsException>(() => TaskScope.RunAsync(_ => OuterAsync(suspends)));
            AssertStack(body);
        },
        new ScopeOptions { OnFailure = FailurePolicy.Supervise }));

    [Fact]
    public Task However_many_await_a_failed_child_its_stack_does_not_grow() => InTime(() => TaskScope.RunAsync(
        async scope =>
        {
            ChildTask failed = scope.Spawn(_ => OuterAsync(suspends: true));
            int first = 0;
            for (int i = 0; i < 50; i++)
            {
                OopsException thrown = await Assert.ThrowsAsync<OopsException>(async () => await failed);
                first = first == 0 ? thrown.StackTrace!.Length : first;
                Assert.Equal(first, thrown.StackTrace!.Length);
            }
        },
        new ScopeOptions { OnFailure = FailurePolicy.Supervise }));

    [Fact]
    public Task Try_catch_and_finally_around_waits_run_in_order() => InTime(async events =>
    {
        await RunAsync();
        events.Finish(7);

        async Fiber RunAsync()
        {
            try
            {
                try
                {
                    events.Expect(1);
                    await FiberTests.Fail(suspends: true);
                }
                catch (OopsException) when (Filter())
                {
                    events.Expect(3);
                    await Fiber.Yield();
                    throw;
                }
                finally
                {
                    events.Expect(4);
                    await Fiber.Yield();
                    events.Expect(5);
                }
            }
            catch (OopsException)
            {
                events.Expect(6);
            }
        }

        bool Filter()
        {
            events.Expect(2);
            return true;
        }
    });

    [Fact]
    public Task Async_disposal_and_async_streams_work_in_fibers() => InTime(() => TaskScope.RunAsync(async scope =>
        Assert.Equal([0, 1, 2, -1], await scope.Spawn(async _ =>
        {
            var seen = new List<int>();
            await using (new Resource(() => seen.Add(-1)))
            {
                await foreach (int number in CountAsync(3))
                {
                    seen.Add(number);
                }
            }

            return seen;
        }))));

    [Fact]
    public Task A_fiber_that_failed_leaves_its_object_fit_for_the_next() => InTime(() => TaskScope.RunAsync(async scope => await scope.Spawn(async _ =>
    {
        for (int i = 0; i < 500; i++)
        {
            OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => MaybeAsync(i, fail: true).AsTask());
            Assert.Equal($"{i}", thrown.Message);
            try
            {
                await MaybeAsync(i, fail: true);
                Assert.Fail("It did not throw.");
            }
            catch (OopsException e)
            {
                Assert.Equal($"{i}", e.Message);
            }

            Assert.Equal(i, await MaybeAsync(i, fail: false));
        }

        static async Fiber<int> MaybeAsync(int number, bool fail)
        {
            if (number % 2 == 0)
            {
                await Fiber.Yield();
            }

            return fail ? throw new OopsException($"{number}") : number;
        }
    })));

    private static async IAsyncEnumerable<int> CountAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            await Fiber.Yield();
            yield return i;
        }
    }

    private static void AssertStack(OopsException thrown)
    {
        Assert.Equal("deep", thrown.Message);
        string[] methods = [nameof(ThrowDeepDown), nameof(InnerAsync), nameof(OuterAsync)];
        int[] places = [.. methods.Select(method => thrown.StackTrace!.IndexOf(method, StringComparison.Ordinal))];
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    private static async Fiber OuterAsync(bool suspends)
    {
        await Task.CompletedTask;
        await InnerAsync(suspends);
    }

    private static async Fiber<int> InnerAsync(bool suspends)
    {
        if (suspends)
        {
            await Fiber.Yield();
        }

        return ThrowDeepDown();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ThrowDeepDown() => throw new OopsException("deep");

    private sealed class Resource(Action disposed) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Fiber.Yield();
            disposed();
        }
    }
}
