using Treeline.Testing.Tests.Contract;
using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Testing.Tests.Sync;

public sealed class AsyncRwLockSchedules
{
    [Fact]
    public void Phases_of_reading_and_of_writing_take_turns() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var rwLock = new AsyncRwLock();
            History history = await run.GatherAsync((crowd, caller) => crowd.UseAsync(rwLock, caller, run.Random));
            Assert.True(rwLock is { Readers: 0, IsWriteLocked: false });
            LinearizabilityChecker.Check(history, new RwLockModel());
        });
}
