using System.Net;
using System.Net.Sockets;

namespace Treeline.Net;

/// <summary>A socket for datagrams; see <see cref="StreamSocket"/> for what holds of both.</summary>
/// <remarks>
/// At most one receive in flight; sends may be made by several at once, each whole. Cancellation: a cancelled receive took no
/// datagram, a cancelled send sent none.
/// </remarks>
internal abstract class DatagramSocket : IDisposable
{
    /// <summary>Where it receives, with the port that the system chose.</summary>
    public abstract IPEndPoint LocalEndPoint { get; }

    /// <summary>Fixes the other end: only its datagrams are received, and <see cref="SendAsync"/> needs no destination.</summary>
    public abstract void Connect(IPEndPoint remote);

    /// <summary>The next datagram. What does not fit into the buffer is cut off, as the system does.</summary>
    public abstract ValueTask<SocketReceiveFromResult> ReceiveFromAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Sends one datagram.</summary>
    /// <param name="datagram">Its bytes.</param>
    /// <param name="destination">Where to; null: to the end fixed by <see cref="Connect"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public abstract ValueTask<int> SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint? destination, CancellationToken cancellationToken);

    /// <summary>Waits until a datagram is there; as a case of a select. May be wrong now and then.</summary>
    public abstract SelectCase ReceivableCase();

    /// <summary>A datagram that is there. False: none is.</summary>
    public abstract bool TryReceiveFrom(Span<byte> buffer, out int received, out IPEndPoint? from);

    /// <inheritdoc cref="StreamSocket.SetOption"/>
    public abstract void SetOption(SocketOptionLevel level, SocketOptionName name, int value);

    /// <summary>An option whose value is bytes, such as a multicast membership.</summary>
    public abstract void SetOption(SocketOptionLevel level, SocketOptionName name, ReadOnlySpan<byte> value);

    /// <summary>Closes it. Operations in flight end with <see cref="ObjectDisposedException"/>.</summary>
    public abstract void Dispose();
}
