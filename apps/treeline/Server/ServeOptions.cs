namespace Treeline.App.Server;

/// <summary>What <c>treeline serve</c> was asked for.</summary>
internal sealed record ServeOptions
{
    public const long DefaultMaxBody = 1024 * 1024;

    public required IReadOnlyList<string> Urls { get; init; }

    public required string DataFile { get; init; }

    /// <summary>Commands that jobs of type <c>exec</c> may run; none means that there is no such type.</summary>
    public IReadOnlyList<string> AllowedCommands { get; init; } = [];

    /// <summary>Jobs that run at once; null leaves it to <see cref="Jobs.JobServerOptions"/>, as nulls below do.</summary>
    public int? Workers { get; init; }

    /// <summary>What the jobs run on.</summary>
    public JobRuntime Runtime { get; init; }

    public TimeSpan? Grace { get; init; }

    public TimeSpan? Patience { get; init; }

    public TimeSpan? Lease { get; init; }

    /// <summary>The largest body a request may have, in bytes.</summary>
    public long MaxBody { get; init; } = DefaultMaxBody;
}
