using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The sockets of epoll keep the contract where one worker does everything.</summary>
public static class EpollOnOneWorkerConformance
{
    public sealed class Reading : ReadConformance<Alone>;

    public sealed class Writing : WriteConformance<Alone>;

    public sealed class Ending : EndConformance<Alone>;

    public sealed class Cancelling : CancellationConformance<Alone>;

    public sealed class Connecting : ConnectConformance<Alone>;

    public sealed class Listening : ListenConformance<Alone>;

    public sealed class Datagrams : DatagramConformance<Alone>;

    public sealed class Unix : UnixConformance<Alone>;

    public sealed class Transferring : TransferConformance<Alone>;

    /// <summary>One worker.</summary>
    public sealed class Alone : NetworkUnderTest
    {
        private RuntimeHandle? _runtime;

        internal override Executor Executor => _runtime!.Executor;

        internal override Task RunAsync(Func<Network, Task> test) => OnRuntime.RunAsync(
            Runtime.CreateBuilder().MultiThread(1).UseDriver(DriverKind.Epoll).EnableAll(),
            runtime =>
            {
                _runtime = runtime;
                return test(Network.OfCaller);
            });
    }
}
