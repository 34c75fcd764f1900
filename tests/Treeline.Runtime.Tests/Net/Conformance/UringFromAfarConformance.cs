using Treeline.Net;
using Treeline.Tests.Drivers.Uring;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The sockets of io_uring keep the contract when they are used on any other thread than that of their driver.</summary>
public static class UringFromAfarConformance
{
    public sealed class Reading : ReadConformance<OtherThreads>;

    public sealed class Writing : WriteConformance<OtherThreads>;

    public sealed class Ending : EndConformance<OtherThreads>;

    public sealed class Cancelling : CancellationConformance<OtherThreads>;

    public sealed class Connecting : ConnectConformance<OtherThreads>;

    public sealed class Listening : ListenConformance<OtherThreads>;

    public sealed class Datagrams : DatagramConformance<OtherThreads>;

    public sealed class Unix : UnixConformance<OtherThreads>;

    public sealed class Transferring : TransferConformance<OtherThreads>;

    public sealed class OtherThreads : NetworkUnderTest
    {
        internal override bool IsOfTheSystem => UringThread.IsThere;

        internal override async Task RunAsync(Func<Network, Task> test)
        {
            if (!UringThread.IsThere)
            {
                return;
            }

            using var thread = new UringThread();
            await test(thread.Driver.Network);
        }
    }
}
