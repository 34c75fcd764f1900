namespace Treeline.Net;

/// <summary>How a <see cref="TcpListener"/> listens.</summary>
public sealed record TcpListenOptions
{
    /// <summary>
    /// How many connections the system keeps that nobody has accepted yet; more are made to wait or refused. 1024 if not set, as
    /// Tokio has it; Linux takes at most <c>net.core.somaxconn</c>.
    /// </summary>
    public int Backlog { get; init; } = 1024;

    /// <summary>
    /// Several listeners share the port, and the system spreads connections over them (<c>SO_REUSEPORT</c>): one for each core, or the
    /// old and the new process while a service is replaced. Not on Windows.
    /// </summary>
    public bool ReusePort { get; init; }
}
