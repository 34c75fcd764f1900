using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The sockets of epoll keep the contract, shared by two workers.</summary>
public static class EpollConformance
{
    public sealed class Reading : ReadConformance<TwoWorkers>;

    public sealed class Writing : WriteConformance<TwoWorkers>;

    public sealed class Ending : EndConformance<TwoWorkers>;

    public sealed class Cancelling : CancellationConformance<TwoWorkers>;

    public sealed class Connecting : ConnectConformance<TwoWorkers>;

    public sealed class Listening : ListenConformance<TwoWorkers>;

    public sealed class Datagrams : DatagramConformance<TwoWorkers>;

    public sealed class Unix : UnixConformance<TwoWorkers>;

    public sealed class Transferring : TransferConformance<TwoWorkers>;

    public sealed class TwoWorkers : NetworkUnderTest
    {
        private Executor _executor = Executor.ThreadPool;

        internal override Executor Executor => _executor;

        internal override async Task RunAsync(Func<Network, Task> test)
        {
            if (!OperatingSystem.IsLinux())
            {
                return;
            }

            await using Runtime runtime =
                Runtime.CreateBuilder().MultiThread(2).EnableAll().UseDriver(DriverKind.Epoll).Name("epoll").Build();
            _executor = runtime.Executor;
            await runtime.Spawn(async Task (_) => await test(Network.OfCaller), "test");
        }
    }
}
