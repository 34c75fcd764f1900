namespace Treeline.Bench.Echo;

/// <summary>One who serves echo: a program to start, with the number of its workers as its last argument.</summary>
internal sealed record EchoSide
{
    /// <summary>What the table calls it.</summary>
    public required string Name { get; init; }

    public required string File { get; init; }

    public string[] Arguments { get; init; } = [];

    /// <summary>What <see cref="Servers.EchoServer"/> knows it by; null for another program.</summary>
    public string? Kind { get; init; }

    /// <summary>Whether it answers when asked for its memory.</summary>
    public bool KnowsItsHeap { get; init; } = true;

    public (string Name, string Value)? Setting { get; init; }

    /// <summary>What Treeline promises against it; null for Treeline's own.</summary>
    public EchoPromise? Promise { get; init; }

    private static string Peers => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../peers"));

    public static string LoadGenerator => Path.Combine(Peers, "c-load");

    public static IReadOnlyList<EchoSide> Ours { get; } =
    [
        Own("Treeline", "runtime"),
        Own("Treeline, fibers", "runtime-fiber"),
        Own("Treeline, thread per core", "cores"),
    ];

    /// <summary>With what a .NET developer has, and others; those that are not built are left out.</summary>
    public static IReadOnlyList<EchoSide> Others { get; } =
    [
        .. from side in (EchoSide[])
        [
            Own(".NET", "sockets") with { Promise = new(0.60, 0.70, 1.45, 1.3) },
            Own(".NET, inline", "sockets") with
            {
                Setting = ("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1"),
                Promise = new(0.85, 1.0, 1.1, 1.1),
            },
            new()
            {
                Name = "Tokio",
                File = Path.Combine(Peers, "tokio"),
                Arguments = ["echo"],
                Promise = new(1.05, 1.12, 0.95, 0.95),
            },
            new()
            {
                Name = "C epoll",
                File = Path.Combine(Peers, "c-echo"),
                KnowsItsHeap = false,
                Promise = new(1.05, 1.10, 0.95, 0.95),
            },
        ]
        where System.IO.File.Exists(side.File)
        select side,
    ];

    /// <summary>Another of this program's servers instead.</summary>
    public EchoSide As(string kind) => this with { Kind = kind, Arguments = ["echo-server", kind] };

    private static EchoSide Own(string name, string kind) => new EchoSide { Name = name, File = Environment.ProcessPath! }.As(kind);
}
