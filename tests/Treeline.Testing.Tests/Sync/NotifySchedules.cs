using Treeline.Testing.Tests.Contract;
using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Testing.Tests.Sync;

public sealed class NotifySchedules
{
    [Fact]
    public void Each_notification_wakes_one_or_is_kept() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var notify = new Notify();
            History history = await run.GatherAsync((crowd, caller) => crowd.UseAsync(notify, caller, run.Random));
            LinearizabilityChecker.Check(history, new NotifyModel());
        });
}
