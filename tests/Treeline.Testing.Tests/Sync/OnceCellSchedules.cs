using Treeline.Testing.Tests.Contract;
using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Testing.Tests.Sync;

public sealed class OnceCellSchedules
{
    [Fact]
    public void One_at_a_time_makes_the_value_and_it_is_set_once() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var cell = new OnceCell<int>();
            History history = await run.GatherAsync((crowd, caller) => crowd.UseAsync(cell, caller, run.Random));
            LinearizabilityChecker.Check(history, new OnceModel());
        });
}
