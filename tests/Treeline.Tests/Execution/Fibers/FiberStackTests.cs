using System.Diagnostics;

namespace Treeline.Tests.Execution.Fibers;

/// <summary>However deep fibers await fibers, and however often one ends at once, the stack stays flat.</summary>
public sealed class FiberStackTests : TreeTest
{
    private const int Many = 1_000_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Recursion_a_million_deep_in_a_child(bool bottomSuspends) => InTime(() => TaskScope.RunAsync(async scope =>
        Assert.Equal(Many, await scope.Spawn(_ => DepthAsync(Many, bottomSuspends)))));

    [Fact]
    public Task Recursion_a_million_deep_in_a_body() => InTime(() => TaskScope.RunAsync(async _ =>
        Assert.Equal(Many, await DepthAsync(Many, bottomSuspends: true))));

    [Fact]
    public Task Recursion_a_million_deep_awaited_by_plain_code() => InTime(async Task () =>
        Assert.Equal(Many, await DepthAsync(Many, bottomSuspends: false)));

    [Fact]
    public Task An_exception_from_ten_thousand_deep_unwinds_all_finally_blocks() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        // Not deeper: each level adds its line to the stack trace.
        int unwound = 0;
        await Assert.ThrowsAsync<OopsException>(async () => await scope.Spawn(_ => FailBelowAsync(10_000)).AsTask());
        Assert.Equal(10_000, unwound);

        async Fiber FailBelowAsync(int levels)
        {
            if (levels == 0)
            {
                throw new OopsException("bottom");
            }

            try
            {
                await FailBelowAsync(levels - 1);
            }
            finally
            {
                unwound++;
            }
        }
    }, new ScopeOptions { OnFailure = FailurePolicy.Supervise }));

    [Fact]
    public Task A_million_awaits_of_fibers_that_end_at_once_in_a_child() => InTime(() => TaskScope.RunAsync(async scope =>
        await scope.Spawn(async _ =>
        {
            int first = FramesDeep();
            for (int i = 0; i < Many; i++)
            {
                await AtOnceAsync();
            }

            Assert.InRange(FramesDeep(), 1, first + 10);
        })));

    [Fact]
    public Task A_million_awaits_of_fibers_that_end_at_once_in_a_body() => InTime(() => TaskScope.RunAsync(async _ =>
    {
        for (int i = 0; i < Many; i++)
        {
            await AtOnceAsync();
        }
    }));

    [Fact]
    public Task A_million_awaits_of_fibers_that_end_at_once_in_plain_code() => InTime(async Task () =>
    {
        for (int i = 0; i < Many; i++)
        {
            await AtOnceAsync();
        }
    });

    [Fact]
    public Task A_hundred_thousand_children_each_awaited_by_the_next_unwind_flat() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        TaskCompletionSource go = Signal();
        ChildTask<int> last = scope.Spawn(async _ =>
        {
            await go.Task;
            return 0;
        });
        for (int i = 0; i < 100_000; i++)
        {
            ChildTask<int> previous = last;
            last = scope.Spawn(async _ => 1 + await previous);
        }

        go.SetResult();
        Assert.Equal(100_000, await last);
    }));

    [Fact]
    public Task A_chain_of_fibers_each_completing_what_the_next_awaits_does_not_overflow() => InTime(() => TaskScope.RunAsync(async scope =>
    {
        // TPL guards its own stack when it inlines; a fiber resumed inline must not get in the way.
        const int Links = 20_000;
        TaskCompletionSource[] links = [.. Enumerable.Range(0, Links).Select(static _ => new TaskCompletionSource())];
        ChildTask last = default;
        for (int i = 1; i < Links; i++)
        {
            (TaskCompletionSource own, TaskCompletionSource next) = (links[i - 1], links[i]);
            last = scope.Spawn(async _ =>
            {
                await own.Task;
                next.SetResult();
            });
        }

        links[0].SetResult();
        await last;
        await links[^1].Task;
    }));

    private static async Fiber<int> DepthAsync(int levels, bool bottomSuspends)
    {
        if (levels == 0)
        {
            if (bottomSuspends)
            {
                await Fiber.Yield();
            }

            return 0;
        }

        return 1 + await DepthAsync(levels - 1, bottomSuspends);
    }

    private static async Fiber AtOnceAsync() => await Task.CompletedTask;

    private static int FramesDeep() => new StackTrace(fNeedFileInfo: false).FrameCount;
}
