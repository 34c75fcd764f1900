using System.Net;
using Treeline.Net;
using Treeline.Tests.Net.Conformance;

namespace Treeline.Tests.Drivers.Uring;

/// <summary>What the tests of the io_uring driver have in common.</summary>
public abstract class UringTest : TreeTest
{
    private protected static IPEndPoint AnyPort => new(IPAddress.Loopback, 0);

    /// <summary>How many sockets, rings and events the process has open; not its files, as assemblies are loaded at any time.</summary>
    private protected static int Descriptors => Directory.GetFiles("/proc/self/fd").Count(static path =>
        new FileInfo(path).LinkTarget is { } target
        && (target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("anon_inode:", StringComparison.Ordinal)));

    /// <summary>Runs a test with a driver; afterwards nothing may be open, and all memory has been given back.</summary>
    private protected Task OnDriver(Func<UringThread, Network, Task> test, Func<UringThread>? make = null) => InTime(async () =>
    {
        if (!UringThread.IsThere)
        {
            return;
        }

        using UringThread thread = make?.Invoke() ?? new UringThread();
        await test(thread, thread.Driver.Network);
        await Until(() => thread.Driver.Open == 0);
        Assert.Equal(0, thread.Driver.Buffers.Held);
        Assert.Equal(0, thread.Driver.Chunks.Rented);
    });

    private protected static Task<Connection> ConnectAsync(Network network) => Connection.OpenAsync(network, IPAddress.Loopback);
}
