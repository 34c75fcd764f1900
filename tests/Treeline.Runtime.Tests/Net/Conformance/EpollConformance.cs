using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The sockets of epoll keep the contract, on a runtime whose workers share the driver.</summary>
public static class EpollConformance
{
    public sealed class Reading : ReadConformance<Shared>;

    public sealed class Writing : WriteConformance<Shared>;

    public sealed class Ending : EndConformance<Shared>;

    public sealed class Cancelling : CancellationConformance<Shared>;

    public sealed class Connecting : ConnectConformance<Shared>;

    public sealed class Listening : ListenConformance<Shared>;

    public sealed class Datagrams : DatagramConformance<Shared>;

    public sealed class Unix : UnixConformance<Shared>;

    public sealed class Transferring : TransferConformance<Shared>;

    /// <summary>Two workers.</summary>
    public sealed class Shared : NetworkUnderTest
    {
        private RuntimeHandle? _runtime;

        internal override Executor Executor => _runtime!.Executor;

        internal override Task RunAsync(Func<Network, Task> test) => OnRuntime.RunAsync(
            Runtime.CreateBuilder().MultiThread(2).UseDriver(DriverKind.Epoll).EnableAll(),
            runtime =>
            {
                _runtime = runtime;
                return test(Network.OfCaller);
            });
    }
}
