using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The sockets of epoll keep the contract on the thread that blocks on the runtime.</summary>
public static class EpollOnCurrentThreadConformance
{
    public sealed class Reading : ReadConformance<Blocked>;

    public sealed class Writing : WriteConformance<Blocked>;

    public sealed class Ending : EndConformance<Blocked>;

    public sealed class Cancelling : CancellationConformance<Blocked>;

    public sealed class Connecting : ConnectConformance<Blocked>;

    public sealed class Listening : ListenConformance<Blocked>;

    public sealed class Datagrams : DatagramConformance<Blocked>;

    public sealed class Unix : UnixConformance<Blocked>;

    public sealed class Transferring : TransferConformance<Blocked>;

    /// <summary>A current-thread runtime.</summary>
    public sealed class Blocked : NetworkUnderTest
    {
        private RuntimeHandle? _runtime;

        internal override Executor Executor => _runtime!.Executor;

        internal override Task RunAsync(Func<Network, Task> test) => OnRuntime.RunAsync(
            Runtime.CreateBuilder().CurrentThread().UseDriver(DriverKind.Epoll).EnableAll(),
            runtime =>
            {
                _runtime = runtime;
                return test(Network.OfCaller);
            });
    }
}
