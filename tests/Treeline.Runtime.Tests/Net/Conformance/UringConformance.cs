using Treeline.Net;
using Treeline.Tests.Drivers.Uring;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The sockets of io_uring keep the contract when they are used on the thread of their driver.</summary>
public static class UringConformance
{
    public sealed class Reading : ReadConformance<OwnThread>;

    public sealed class Writing : WriteConformance<OwnThread>;

    public sealed class Ending : EndConformance<OwnThread>;

    public sealed class Cancelling : CancellationConformance<OwnThread>;

    public sealed class Connecting : ConnectConformance<OwnThread>;

    public sealed class Listening : ListenConformance<OwnThread>;

    public sealed class Datagrams : DatagramConformance<OwnThread>;

    public sealed class Unix : UnixConformance<OwnThread>;

    public sealed class Transferring : TransferConformance<OwnThread>;

    public sealed class OwnThread : NetworkUnderTest
    {
        private Executor _executor = Executor.ThreadPool;

        internal override bool IsOfTheSystem => UringThread.IsThere;

        internal override Executor Executor => _executor;

        internal override async Task RunAsync(Func<Network, Task> test)
        {
            if (!UringThread.IsThere)
            {
                return;
            }

            await using Runtime runtime =
                Runtime.CreateBuilder().ThreadPerCore(1).EnableAll().UseDriver(DriverKind.IoUring).Name("io_uring").Build();
            _executor = runtime.Executor;
            await runtime.Spawn(async Task (_) => await test(Network.OfCaller), "test");
        }
    }
}
