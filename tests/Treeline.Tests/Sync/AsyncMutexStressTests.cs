using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Tests.Sync;

public sealed class AsyncMutexStressTests : TreeTest
{
    [Fact]
    public Task One_at_a_time_has_it_and_nobody_is_passed() => InTime(() => Throng.RepeatAsync(async throng =>
    {
        var mutex = new AsyncMutex();
        History history = await throng.GatherAsync((crowd, caller, random) => crowd.UseAsync(mutex, caller, random));
        Assert.False(mutex.IsLocked);
        LinearizabilityChecker.Check(history, new LineModel(permits: 1));
    }));
}
