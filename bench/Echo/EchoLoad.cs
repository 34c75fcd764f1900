namespace Treeline.Bench.Echo;

/// <summary>What clients ask of an echo server.</summary>
/// <param name="Connections">How many are open.</param>
/// <param name="Size">The bytes of a request.</param>
/// <param name="Depth">How many requests each connection has under way: it sends the next when an answer has come.</param>
internal readonly record struct EchoLoad(int Connections, int Size, int Depth)
{
    public static IReadOnlyList<EchoLoad> All { get; } =
    [
        .. from connections in (int[])[64, 512]
           from size in (int[])[64, 1024]
           from depth in (int[])[1, 16]
           select new EchoLoad(connections, size, depth),
    ];

    public override string ToString() => $"{Connections} connections, {Size} B, depth {Depth}";
}
