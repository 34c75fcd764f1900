using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Drivers;

/// <summary>A connection over a socket of .NET.</summary>
/// <remarks>
/// <b>Protocol.</b> What comes in and what goes out are apart: <see cref="PortableRead"/>, <see cref="PortableWrite"/>. Whoever swaps
/// <c>_isClosed</c> to true closes: first the two, so that who waits learns why, then the socket.
/// </remarks>
internal sealed class PortableStreamSocket : StreamSocket
{
    private readonly PortableNetwork _network;
    private readonly Socket _socket;
    private readonly PortableRead _read;
    private readonly PortableWrite _write;
    private bool _resets; // there is no time to linger
    private bool _isClosed;

    /// <summary>Takes over a connected socket.</summary>
    public PortableStreamSocket(PortableNetwork network, Socket socket, EndPoint? remote)
    {
        _network = network;
        _socket = socket;
        socket.Blocking = false;
        LocalEndPoint = NamedOrNull(EndPointOf(static socket => socket.LocalEndPoint, socket));
        RemoteEndPoint = NamedOrNull(remote ?? EndPointOf(static socket => socket.RemoteEndPoint, socket));
        _read = new PortableRead(this, socket, network.Executor);
        _write = new PortableWrite(this, socket, network.Executor);
    }

    public override EndPoint? LocalEndPoint { get; }

    public override EndPoint? RemoteEndPoint { get; }

    /// <summary>The other end, for people.</summary>
    public string Peer => (RemoteEndPoint ?? LocalEndPoint)?.ToString() ?? "a socket without a name";

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        _read.TakeAsync(buffer, SocketFlags.None, cancellationToken);

    public override ValueTask<int> PeekAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        _read.TakeAsync(buffer, SocketFlags.Peek, cancellationToken);

    public override ValueTask ReadableAsync(CancellationToken cancellationToken) => _read.WatchAsync(cancellationToken);

    public override SelectCase ReadableCase() => new(_read);

    public override bool TryRead(Span<byte> buffer, out int read) => _read.TryTakeNow(buffer, SocketFlags.None, out read);

    public override ValueTask<int> WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
        _write.WriteAsync(buffer, cancellationToken);

    public override ValueTask<int> WriteVectoredAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> buffers, CancellationToken cancellationToken) =>
        _write.WriteVectoredAsync(buffers, cancellationToken);

    public override ValueTask WritableAsync(CancellationToken cancellationToken) => _write.WritableAsync(cancellationToken);

    public override bool TryWrite(ReadOnlySpan<byte> buffer, out int written) => _write.TryWrite(buffer, out written);

    public override void ShutdownSend()
    {
        ThrowIfClosed();
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException e)
        {
            throw SocketErrors.Of(e.SocketErrorCode, $"ending what is sent to {Peer}");
        }
    }

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        ThrowIfClosed();
        if (name == SocketOptionName.Linger)
        {
            _socket.LingerState = new LingerOption(value >= 0, Math.Max(value, 0));
            _resets = value == 0;
        }
        else
        {
            _socket.SetSocketOption(level, name, value);
        }
    }

    public override int GetOption(SocketOptionLevel level, SocketOptionName name)
    {
        ThrowIfClosed();
        return name == SocketOptionName.Linger
            ? _socket.LingerState is { Enabled: true } linger ? linger.LingerTime : -1
            : (int)_socket.GetSocketOption(level, name)!;
    }

    public override void Abort()
    {
        if (Close())
        {
            // No time to linger: the connection is reset.
            _socket.Close(0);
            _read.Dispose();
        }
    }

    public override void Dispose()
    {
        if (Close())
        {
            if ((_read.IsUnderWay || _write.IsUnderWay) && !_resets)
            {
                try
                {
                    // Said so, .NET does not reset a connection on which its own operations are under way. Not said otherwise: the other
                    // end would see the end of the stream before it sees a reset, if bytes were left unread.
                    _socket.Shutdown(SocketShutdown.Send);
                }
                catch (SocketException)
                {
                    // It is not connected any more.
                }
            }

            _socket.Dispose();
            _read.Dispose();
        }
    }

    public override string ToString() => $"{LocalEndPoint} → {RemoteEndPoint}";

    private static EndPoint? EndPointOf(Func<Socket, EndPoint?> end, Socket socket)
    {
        try
        {
            return end(socket);
        }
        catch (SocketException)
        {
            // Reset already.
            return null;
        }
    }

    private static EndPoint? NamedOrNull(EndPoint? endPoint) =>
        endPoint is UnixDomainSocketEndPoint unix && unix.ToString().Length == 0 ? null : endPoint;

    private bool Close()
    {
        if (Interlocked.Exchange(ref _isClosed, true))
        {
            return false;
        }

        _network.Leave(this);
        _read.Close();
        _write.Dispose();
        return true;
    }

    private void ThrowIfClosed()
    {
        if (Volatile.Read(ref _isClosed))
        {
            throw SocketErrors.Closed($"using the connection to {Peer}");
        }
    }
}
