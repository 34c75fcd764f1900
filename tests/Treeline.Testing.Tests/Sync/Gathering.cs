using Treeline.Testing.Tests.Contract;
using Treeline.TestSupport.Linearizability;
using Treeline.TestSupport.Sync;

namespace Treeline.Testing.Tests.Sync;

/// <summary>Callers of one primitive, in the order that a seed gives.</summary>
internal static class Gathering
{
    /// <summary>Lets each caller do what <paramref name="use"/> says, and gives what they saw.</summary>
    public static async Task<History> GatherAsync(
        this Simulation run, Func<Crowd, int, Task> use, bool mayGiveWay = false)
    {
        var history = new History();
        var crowd = new Crowd(history, () => run.DawdleAsync().AsTask(), mayGiveWay);
        await TaskScope.RunAsync(async scope =>
        {
            for (int i = 0; i < Crowd.Size; i++)
            {
                int caller = i;
                scope.Spawn(async _ => await use(crowd, caller));
            }
        });
        return history;
    }
}
