using Treeline.Testing.Tests.Contract;
using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Testing.Tests.Sync;

public sealed class AsyncMutexSchedules
{
    [Fact]
    public void One_at_a_time_has_it_and_nobody_is_passed() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var mutex = new AsyncMutex();
            History history = await run.GatherAsync((crowd, caller) => crowd.UseAsync(mutex, caller, run.Random));
            Assert.False(mutex.IsLocked);
            LinearizabilityChecker.Check(history, new LineModel(permits: 1));
        });

    [Fact]
    public void One_at_a_time_has_it_also_when_callers_give_way_first() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var mutex = new AsyncMutex();
            History history = await run.GatherAsync((crowd, caller) => crowd.UseAsync(mutex, caller, run.Random), mayGiveWay: true);
            Assert.False(mutex.IsLocked);
            LinearizabilityChecker.Check(history, new PermitsModel(permits: 1));
        });
}
