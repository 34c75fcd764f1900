using Treeline.Net;
using Treeline.Testing;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The simulated network keeps the contract: when nothing takes time, and when everything does.</summary>
public static class SimulatedConformance
{
    public sealed class Reading : ReadConformance<AtOnce>;

    public sealed class Writing : WriteConformance<AtOnce>;

    public sealed class Ending : EndConformance<AtOnce>;

    public sealed class Cancelling : CancellationConformance<AtOnce>;

    public sealed class Connecting : ConnectConformance<AtOnce>;

    public sealed class Listening : ListenConformance<AtOnce>;

    public sealed class Datagrams : DatagramConformance<AtOnce>;

    public sealed class Transferring : TransferConformance<AtOnce>;

    public sealed class EndingLater : EndConformance<Later>;

    public sealed class CancellingLater : CancellationConformance<Later>;

    public sealed class AtOnce : NetworkUnderTest
    {
        internal override bool IsOfTheSystem => false;

        internal override Task RunAsync(Func<Network, Task> test) =>
            new SimNet(seed: 1, TimeProvider.System).Host("here").RunAsync(_ => test(Network.OfCaller));
    }

    public sealed class Later : NetworkUnderTest
    {
        internal override bool IsOfTheSystem => false;

        internal override Task RunAsync(Func<Network, Task> test)
        {
            var conditions = new SimConditions { MinLatency = TimeSpan.Zero, MaxLatency = TimeSpan.FromMilliseconds(2) };
            return new SimNet(seed: 1, TimeProvider.System) { Loopback = conditions }.Host("here").RunAsync(_ => test(Network.OfCaller));
        }
    }
}
