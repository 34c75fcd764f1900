using Treeline.Testing.Tests.Contract;
using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Testing.Tests.Sync;

public sealed class AsyncSemaphoreSchedules
{
    [Fact]
    public void No_more_have_permits_than_there_are_and_nobody_is_passed() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var semaphore = new AsyncSemaphore(3);
            History history = await run.GatherAsync((crowd, caller) => crowd.UseAsync(semaphore, 3, caller, run.Random));
            Assert.Equal(3, semaphore.Available);
            LinearizabilityChecker.Check(history, new LineModel(permits: 3));
        });

    [Fact]
    public void No_more_have_permits_also_when_callers_give_way_first() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var semaphore = new AsyncSemaphore(3);
            History history = await run.GatherAsync((crowd, caller) => crowd.UseAsync(semaphore, 3, caller, run.Random), mayGiveWay: true);
            Assert.Equal(3, semaphore.Available);
            LinearizabilityChecker.Check(history, new PermitsModel(permits: 3));
        });
}
