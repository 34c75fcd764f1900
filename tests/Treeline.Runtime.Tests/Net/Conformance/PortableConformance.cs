using Treeline.Drivers;
using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The sockets of .NET keep the contract.</summary>
public static class PortableConformance
{
    public sealed class Reading : ReadConformance<Portable>;

    public sealed class Writing : WriteConformance<Portable>;

    public sealed class Ending : EndConformance<Portable>;

    public sealed class Cancelling : CancellationConformance<Portable>;

    public sealed class Connecting : ConnectConformance<Portable>;

    public sealed class Listening : ListenConformance<Portable>;

    public sealed class Datagrams : DatagramConformance<Portable>;

    public sealed class Unix : UnixConformance<Portable>;

    public sealed class Transferring : TransferConformance<Portable>;

    public sealed class Portable : NetworkUnderTest
    {
        internal override async Task RunAsync(Func<Network, Task> test)
        {
            using var network = new PortableNetwork(Executor.ThreadPool);
            await test(network);
        }
    }
}
