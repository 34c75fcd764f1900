using System.Globalization;

namespace Treeline.Bench.Echo.Servers;

/// <summary>What this program is when it is started as a server of <c>bench echo</c>; see <see cref="EchoProcess"/>.</summary>
internal static class EchoServer
{
    /// <summary>What a connection receives into: the same with all servers of the benchmark.</summary>
    public const int BufferSize = 4096;

    /// <summary>Serves until standard input ends.</summary>
    /// <param name="kind">Which server, and in what way it handles a connection.</param>
    /// <param name="workers">How many workers it has, where that can be said.</param>
    public static int Run(string kind, int workers)
    {
        (int port, string version) = kind switch
        {
            "sockets" => SocketServer.Start(SocketServer.EchoAsync),
            "sockets-layers" => SocketServer.Start(SocketServer.EchoInLayersAsync),
            "runtime" => RuntimeServer.Start(Shared(), RuntimeServer.Plain),
            "runtime-fiber" => RuntimeServer.Start(Shared(), RuntimeServer.Fiber),
            "runtime-layers" => RuntimeServer.Start(Shared(), RuntimeServer.PlainLayers),
            "runtime-fiber-layers" => RuntimeServer.Start(Shared(), RuntimeServer.FiberLayers),
            "cores" => RuntimeServer.Start(Cores(), RuntimeServer.Plain),
            "cores-fiber" => RuntimeServer.Start(Cores(), RuntimeServer.Fiber),
            "cores-layers" => RuntimeServer.Start(Cores(), RuntimeServer.PlainLayers),
            "cores-fiber-layers" => RuntimeServer.Start(Cores(), RuntimeServer.FiberLayers),
            _ => throw new ArgumentException($"There is no echo server '{kind}'.", nameof(kind)),
        };
        Console.WriteLine($"ready {port} {version}");
        while (Console.ReadLine() is not null)
        {
            // Before the collection, which allocates something itself.
            long allocated = GC.GetTotalAllocatedBytes(precise: true);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{HeapBytes()} {allocated}"));
        }

        return 0;

        RuntimeBuilder Shared() => Runtime.CreateBuilder().MultiThread(workers);
        RuntimeBuilder Cores() => Runtime.CreateBuilder().ThreadPerCore(workers);
    }

    private static long HeapBytes()
    {
        // Gives back to the system what it does not need, so that the resident memory is true too.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: false);
    }
}
