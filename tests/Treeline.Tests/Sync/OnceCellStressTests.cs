using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Tests.Sync;

public sealed class OnceCellStressTests : TreeTest
{
    [Fact]
    public Task One_at_a_time_makes_the_value_and_it_is_set_once() => InTime(() => Throng.RepeatAsync(async throng =>
    {
        var cell = new OnceCell<int>();
        History history = await throng.GatherAsync((crowd, caller, random) => crowd.UseAsync(cell, caller, random));
        LinearizabilityChecker.Check(history, new OnceModel());
    }));
}
