using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Tests.Sync;

public sealed class NotifyStressTests : TreeTest
{
    [Fact]
    public Task Each_notification_wakes_one_or_is_kept() => InTime(() => Throng.RepeatAsync(async throng =>
    {
        var notify = new Notify();
        History history = await throng.GatherAsync((crowd, caller, random) => crowd.UseAsync(notify, caller, random));
        LinearizabilityChecker.Check(history, new NotifyModel());
    }));
}
