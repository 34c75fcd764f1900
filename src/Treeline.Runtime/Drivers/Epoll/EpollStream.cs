using System.Net;
using System.Net.Sockets;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Epoll;

/// <summary>A connection whose descriptor is registered with epoll.</summary>
internal sealed class EpollStream : StreamSocket
{
    private readonly EpollSocket _socket;
    private readonly EpollReading _reading;
    private readonly EpollWriting _writing;

    private EpollStream(EpollSocket socket, bool connected)
    {
        _socket = socket;
        _reading = new EpollReading(socket);
        _writing = new EpollWriting(socket, connected);
        socket.Input = _reading;
        socket.Output = _writing;
    }

    public override EndPoint? LocalEndPoint => _socket.LocalEndPoint;

    public override EndPoint? RemoteEndPoint => _socket.RemoteEndPoint;

    /// <summary>Makes a connection of a socket, which belongs to it from here on, whatever happens.</summary>
    /// <param name="socket">Not registered yet; its descriptor does not block.</param>
    /// <param name="connected">False: the connection has only been begun.</param>
    public static EpollStream Open(EpollSocket socket, bool connected)
    {
        var stream = new EpollStream(socket, connected);
        try
        {
            socket.Driver.Register(socket);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Waits until the connection is there.</summary>
    public ValueTask<int> ConnectAsync(CancellationToken cancellationToken) => _writing.ConnectAsync(cancellationToken);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        _reading.ReadAsync(buffer, peek: false, cancellationToken);

    public override ValueTask<int> PeekAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        _reading.ReadAsync(buffer, peek: true, cancellationToken);

    public override ValueTask ReadableAsync(CancellationToken cancellationToken) => _reading.Watchers.WaitAsync(cancellationToken);

    public override SelectCase ReadableCase() => new(_reading.Watchers);

    public override bool TryRead(Span<byte> buffer, out int read) => _reading.TryRead(buffer, out read);

    public override ValueTask<int> WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
        _writing.WriteAsync(buffer, cancellationToken);

    public override ValueTask<int> WriteVectoredAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> buffers, CancellationToken cancellationToken) =>
        _writing.WriteAsync(buffers, cancellationToken);

    public override ValueTask WritableAsync(CancellationToken cancellationToken) => _writing.Watchers.WaitAsync(cancellationToken);

    public override bool TryWrite(ReadOnlySpan<byte> buffer, out int written) => _writing.TryWrite(buffer, out written);

    public override void ShutdownSend()
    {
        _socket.Use();
        try
        {
            if (Libc.Shutdown(_socket.Descriptor, Libc.ShutWrite) != 0 && Libc.LastError is var error && error != Errno.NotConnected)
            {
                throw error.ToException($"end writing to {_socket}");
            }
        }
        finally
        {
            _socket.EndUse();
        }
    }

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value) =>
        _socket.SetOption(level, name, value);

    public override int GetOption(SocketOptionLevel level, SocketOptionName name) => name == SocketOptionName.Linger
        ? _socket.WithSocket(static socket => socket.LingerState is { Enabled: true } linger ? linger.LingerTime : -1)
        : _socket.WithSocket(socket => (int)socket.GetSocketOption(level, name)!);

    public override void Abort()
    {
        if (_socket.TryUse())
        {
            // A connection that lingers for no time is reset (socket(7), SO_LINGER).
            _socket.SetLinger(seconds: 0);
            _socket.EndUse();
        }

        Dispose();
    }

    public override void Dispose() => _socket.Close();

    public override string ToString() => _socket.ToString();
}
