namespace Treeline.Bench.Echo;

/// <summary>What one server needs, apart from processor time. What was not measured is not a number.</summary>
/// <param name="Latency">The latencies at a fixed rate.</param>
/// <param name="IdleHeap">Bytes of heap for a connection that does nothing, beyond the handler's buffer.</param>
/// <param name="IdleResident">The same of the process' resident memory.</param>
/// <param name="Allocated">Bytes allocated for a request.</param>
/// <param name="AllocatedInLayers">The same when the handler is two async methods deep.</param>
internal sealed record EchoFigures(
    EchoSample Latency, double IdleHeap, double IdleResident, double Allocated, double AllocatedInLayers)
{
    public const int Rate = 20_000;
    public const int RateConnections = 64;
    public const int RateSize = 64;
    public const int IdleConnections = 10_000;

    private static readonly EchoLoad s_allocating = new(64, 64, 1);

    public static EchoFigures Measure(EchoSide side)
    {
        (double heap, double resident) = Idle(side);
        return new EchoFigures(
            Latencies(side), heap, resident, AllocatedBy(side, side.Kind), AllocatedBy(side, $"{side.Kind}-layers"));
    }

    private static EchoSample Latencies(EchoSide side)
    {
        using EchoProcess server = EchoProcess.Start(side, workers: 1, pinned: true);
        using LoadGenerator generator = LoadGenerator.FixedRate(
            server, RateConnections, RateSize, Rate, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3));
        return generator.Run();
    }

    private static (double Heap, double Resident) Idle(EchoSide side)
    {
        if (!side.KnowsItsHeap)
        {
            return (double.NaN, double.NaN);
        }

        using EchoProcess server = EchoProcess.Start(side, workers: 1, pinned: true);
        // What is bought once is bought before.
        LoadGenerator.Idle(server, 100).Dispose();
        long heap = server.Memory().Heap;
        long resident = server.ResidentBytes;
        using LoadGenerator connections = LoadGenerator.Idle(server, IdleConnections);
        connections.AwaitBegin();
        return (PerConnection(server.Memory().Heap - heap), PerConnection(server.ResidentBytes - resident));
    }

    private static double PerConnection(long bytes) => ((double)bytes / IdleConnections) - Servers.EchoServer.BufferSize;

    private static double AllocatedBy(EchoSide side, string? kind)
    {
        if (side.Kind is null)
        {
            return double.NaN;
        }

        using EchoProcess server = EchoProcess.Start(side.As(kind!), workers: 1, pinned: true);
        using LoadGenerator generator = LoadGenerator.Closed(server, s_allocating, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        generator.AwaitBegin();
        long before = server.Memory().Allocated;
        EchoSample sample = generator.AwaitEnd();
        return (server.Memory().Allocated - before) / sample.Requests;
    }
}
