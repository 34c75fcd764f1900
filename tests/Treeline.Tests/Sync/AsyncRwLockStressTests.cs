using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Tests.Sync;

public sealed class AsyncRwLockStressTests : TreeTest
{
    [Fact]
    public Task Phases_of_reading_and_of_writing_take_turns() => InTime(() => Throng.RepeatAsync(async throng =>
    {
        var rwLock = new AsyncRwLock();
        History history = await throng.GatherAsync((crowd, caller, random) => crowd.UseAsync(rwLock, caller, random));
        Assert.True(rwLock is { Readers: 0, IsWriteLocked: false });
        LinearizabilityChecker.Check(history, new RwLockModel());
    }));
}
