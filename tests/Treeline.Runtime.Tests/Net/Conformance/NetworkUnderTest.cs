using System.Net;
using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>A network that is to keep the contract of all networks: how to run code on it, and what it cannot do by its nature.</summary>
public abstract class NetworkUnderTest
{
    /// <summary>The loopback address of the code that runs there.</summary>
    internal virtual IPAddress Address => IPAddress.Loopback;

    /// <summary>
    /// True: its sockets are those of the operating system. So there are descriptors, Unix sockets, addresses that cannot be reached, and
    /// .NET's sockets at the other end.
    /// </summary>
    internal virtual bool IsOfTheSystem => true;

    /// <summary>The executor that is current where a wait of the test has resumed.</summary>
    internal virtual Executor Executor => Executor.ThreadPool;

    /// <summary>Runs a test as code that finds this network, and closes the network afterwards.</summary>
    internal abstract Task RunAsync(Func<Network, Task> test);
}
