using System.Net;

namespace Treeline.Net;

/// <summary>A socket that takes connections; see <see cref="StreamSocket"/> for what holds of both.</summary>
/// <remarks>At most one accept in flight. Cancellation: a cancelled accept took no connection.</remarks>
internal abstract class ListenSocket : IDisposable
{
    /// <summary>Where it listens, with the port that the system chose.</summary>
    public abstract EndPoint LocalEndPoint { get; }

    /// <summary>
    /// The next connection. What is wrong with one connection only (it was reset before it was accepted) is passed over; when
    /// descriptors or memory run out it throws, and can be tried again.
    /// </summary>
    public abstract ValueTask<StreamSocket> AcceptAsync(CancellationToken cancellationToken);

    /// <summary>Waits until a connection is there; as a case of a select. May be wrong now and then.</summary>
    public abstract SelectCase AcceptableCase();

    /// <summary>A connection that is there. False: none is.</summary>
    public abstract bool TryAccept(out StreamSocket? accepted);

    /// <summary>Stops listening. An accept in flight ends with <see cref="ObjectDisposedException"/>.</summary>
    public abstract void Dispose();
}
