namespace Treeline.Tests.Contract;

/// <summary>
/// The contract holds on any crank. Here all of a test runs on one thread; as they stand, the tests run on the drainers of
/// the thread pool. <c>Treeline.PlainDelegates.Tests</c> runs both once more with delegates that are no fibers.
/// </summary>
public static class OnASingleThread
{
    public sealed class OneParent : OneParentTests, IOnASingleThread;

    public sealed class NoLeftovers : NoLeftoversTests, IOnASingleThread
    {
        [Fact(Skip = "It watches a child end while the thread of the body is busy: there have to be two threads.")]
        public override Task Whoever_has_awaited_a_child_does_not_find_it_in_the_tree() => Task.CompletedTask;
    }

    public sealed class CancellationIsATree : CancellationIsATreeTests, IOnASingleThread
    {
        [Fact(Skip = "A callback blocks its thread until a child has ended: there have to be two threads.")]
        public override Task What_callbacks_throw_when_the_deadline_fires_surfaces_though_the_children_end_first() =>
            Task.CompletedTask;
    }

    public sealed class NoErrorIsLost : NoErrorIsLostTests, IOnASingleThread;

    public sealed class CancellationIsNotAnError : CancellationIsNotAnErrorTests, IOnASingleThread;

    public sealed class ClosedIsClosed : ClosedIsClosedTests, IOnASingleThread;

    public sealed class DeadlinesNest : DeadlinesNestTests, IOnASingleThread;

    public sealed class ShieldsHold : ShieldsHoldTests, IOnASingleThread;

    public sealed class StoppingHasThreeSteps : StoppingHasThreeStepsTests, IOnASingleThread;

    public sealed class WaitingIsCancelSafe : WaitingIsCancelSafeTests, IOnASingleThread;

    public sealed class TheTreeIsVisible : TheTreeIsVisibleTests, IOnASingleThread;

    public sealed class Itself : TreeTest, IOnASingleThread
    {
        [Fact]
        public Task All_of_a_test_runs_on_one_thread_and_comes_back_to_it() => InTime(async () =>
        {
            Thread thread = Thread.CurrentThread;
            await TaskScope.RunAsync(async scope =>
            {
                Assert.Same(thread, Thread.CurrentThread);
                await Task.Run(() => Assert.NotSame(thread, Thread.CurrentThread));
                Assert.Same(thread, Thread.CurrentThread);
                await scope.Spawn(async _ =>
                {
                    Assert.Same(thread, Thread.CurrentThread);
                    await Task.Yield();
                    Assert.Same(thread, Thread.CurrentThread);
                    await Fiber.Yield();
                    Assert.Same(thread, Thread.CurrentThread);
                });
                Assert.Same(thread, Thread.CurrentThread);
            });
            Assert.Same(thread, Thread.CurrentThread);
            await using TaskScope open = TaskScope.Open();
            Assert.Same(thread, await open.Spawn(static async _ => await Task.FromResult(Thread.CurrentThread)));
        });
    }
}
