using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Tests.Sync;

public sealed class AsyncSemaphoreStressTests : TreeTest
{
    [Fact]
    public Task No_more_have_permits_than_there_are_and_nobody_is_passed() => InTime(() => Throng.RepeatAsync(async throng =>
    {
        var semaphore = new AsyncSemaphore(3);
        History history = await throng.GatherAsync((crowd, caller, random) => crowd.UseAsync(semaphore, 3, caller, random));
        Assert.Equal(3, semaphore.Available);
        LinearizabilityChecker.Check(history, new LineModel(permits: 3));
    }));
}
