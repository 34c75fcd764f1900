namespace Treeline.Bench;

/// <summary>The cancel tree against linked token sources.</summary>
internal static class CancelRows
{
    private const int Fan = 100;

    public static IEnumerable<Row> All =>
    [
        new()
        {
            Name = "cancel tree: create, cancel, dispose, per node",
            Peer = "linked token sources",
            Operations = 100_000,
            Sides = [new Side("node", Clock.Timed(Tree), new() { Ratio = 0.4 })],
            Theirs = Clock.Timed(Linked),
            Twin = "cancel",
        },
    ];

    private static async Task Tree(int n)
    {
        var nodes = new CancelScope[Fan];
        for (int i = 0; i < n / Fan; i++)
        {
            nodes[0] = CancelScope.Open();
            for (int j = 1; j < Fan; j++)
            {
                nodes[j] = nodes[(j - 1) / 10].Child();
            }

            nodes[0].Cancel();
            foreach (CancelScope node in nodes)
            {
                await node.DisposeAsync();
            }
        }
    }

    private static Task Linked(int n)
    {
        var nodes = new CancellationTokenSource[Fan];
        for (int i = 0; i < n / Fan; i++)
        {
            nodes[0] = new CancellationTokenSource();
            for (int j = 1; j < Fan; j++)
            {
                nodes[j] = CancellationTokenSource.CreateLinkedTokenSource(nodes[(j - 1) / 10].Token);
            }

            nodes[0].Cancel();
            foreach (CancellationTokenSource node in nodes)
            {
                node.Dispose();
            }
        }

        return Task.CompletedTask;
    }
}
