using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Treeline.IO;
using Treeline.Net;

namespace Treeline.Drivers;

/// <summary>Datagrams over a socket of .NET.</summary>
internal sealed class PortableDatagramSocket : DatagramSocket
{
    private readonly PortableNetwork _network;
    private readonly Socket _socket;
    private readonly PortableReceive _receive;
    private bool _isClosed;

    /// <summary>Takes over a socket that is bound.</summary>
    public PortableDatagramSocket(PortableNetwork network, Socket socket)
    {
        _network = network;
        _socket = socket;
        _receive = new PortableReceive(socket, LocalEndPoint, network.Executor);
    }

    // Asked each time: connecting makes it more exact.
    public override IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public override void Connect(IPEndPoint remote)
    {
        ThrowIfClosed();
        try
        {
            _socket.Connect(remote);
        }
        catch (SocketException e)
        {
            throw SocketErrors.Of(e.SocketErrorCode, $"fixing {remote} as the other end");
        }
    }

    public override ValueTask<SocketReceiveFromResult> ReceiveFromAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        _receive.TakeAsync(buffer, SocketFlags.None, cancellationToken);

    public override ValueTask<int> SendAsync(
        ReadOnlyMemory<byte> datagram, IPEndPoint? destination, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        ThrowIfClosed();

        // A datagram goes out at once, or, when the interface is flooded, as soon as there is room; whole or not at all.
        return SendWholeAsync(datagram, destination, cancellationToken);
    }

    public override SelectCase ReceivableCase() => new(_receive);

    public override bool TryReceiveFrom(Span<byte> buffer, out int received, out IPEndPoint? from)
    {
        bool was = _receive.TryTakeNow(buffer, SocketFlags.None, out SocketReceiveFromResult result);
        received = result.ReceivedBytes;
        from = (IPEndPoint?)result.RemoteEndPoint;
        return was;
    }

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        ThrowIfClosed();
        _socket.SetSocketOption(level, name, value);
    }

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, ReadOnlySpan<byte> value)
    {
        ThrowIfClosed();
        _socket.SetSocketOption(level, name, value.ToArray());
    }

    public override void Dispose()
    {
        if (!Interlocked.Exchange(ref _isClosed, true))
        {
            _network.Leave(this);
            _receive.Close();
            _socket.Dispose();
            _receive.Dispose();
        }
    }

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private async ValueTask<int> SendWholeAsync(
        ReadOnlyMemory<byte> datagram, IPEndPoint? destination, CancellationToken cancellationToken)
    {
        try
        {
            return destination is null
                ? await _socket.SendAsync(datagram, SocketFlags.None, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent)
                : await _socket.SendToAsync(datagram, SocketFlags.None, destination, cancellationToken)
                    .ConfigureAwait(SchedulerContext.IsCurrent);
        }
        catch (SocketException e) when (!Volatile.Read(ref _isClosed))
        {
            throw SocketErrors.Of(e.SocketErrorCode, Doing(destination));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw SocketErrors.Closed(Doing(destination));
        }
    }

    private static string Doing(IPEndPoint? destination) =>
        destination is null ? "sending a datagram" : $"sending a datagram to {destination}";

    private void ThrowIfClosed()
    {
        if (Volatile.Read(ref _isClosed))
        {
            throw SocketErrors.Closed("using a socket for datagrams");
        }
    }
}
