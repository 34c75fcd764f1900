using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Epoll;

/// <summary>A datagram socket whose descriptor is registered with epoll.</summary>
internal sealed class EpollDatagramSocket : DatagramSocket
{
    private readonly EpollSocket _socket;
    private readonly EpollReceiving _receiving;
    private readonly EpollRoom _room;

    /// <param name="socket">Bound; not registered yet. Belongs to this from here on.</param>
    public EpollDatagramSocket(EpollSocket socket)
    {
        _socket = socket;
        _receiving = new EpollReceiving(socket);
        _room = new EpollRoom(socket);
        socket.Input = _receiving;
        socket.Output = _room;
        socket.Driver.Register(socket);
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    public override IPEndPoint LocalEndPoint { get; }

    public override unsafe void Connect(IPEndPoint remote)
    {
        SocketAddress address = remote.Serialize();
        _socket.Use();
        try
        {
            fixed (byte* start = address.Buffer.Span)
            {
                if (Libc.Connect(_socket.Descriptor, start, address.Size) != 0)
                {
                    throw Libc.LastError.ToException($"Fix {remote} as the other end of {LocalEndPoint}");
                }
            }
        }
        finally
        {
            _socket.EndUse();
        }
    }

    public override ValueTask<SocketReceiveFromResult> ReceiveFromAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        _receiving.ReceiveAsync(buffer, cancellationToken);

    public override ValueTask<int> SendAsync(
        ReadOnlyMemory<byte> datagram, IPEndPoint? destination, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        Errno error = Send(datagram.Span, destination, out int sent);
        return error switch
        {
            Errno.None => Waiter<int>.Over(sent),
            Errno.Again => SendWhenThereIsRoom(datagram, destination, cancellationToken),
            _ => ValueTask.FromException<int>(error.ToException($"Send from {LocalEndPoint} to {Name(destination)}")),
        };
    }

    public override SelectCase ReceivableCase() => new(_receiving.Watchers);

    public override bool TryReceiveFrom(Span<byte> buffer, out int received, out IPEndPoint? from)
    {
        bool any = _receiving.TryReceive(buffer, out SocketReceiveFromResult result);
        received = result.ReceivedBytes;
        from = result.RemoteEndPoint as IPEndPoint;
        return any;
    }

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value) =>
        _socket.SetOption(level, name, value);

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, ReadOnlySpan<byte> value)
    {
        byte[] copy = value.ToArray();
        _ = _socket.WithSocket(socket =>
        {
            socket.SetSocketOption(level, name, copy);
            return true;
        });
    }

    public override void Dispose() => _socket.Close();

    private string Name(IPEndPoint? destination) => (destination ?? _socket.RemoteEndPoint)?.ToString() ?? "nowhere";

    private unsafe Errno Send(ReadOnlySpan<byte> datagram, IPEndPoint? destination, out int sent)
    {
        SocketAddress? address = destination?.Serialize();
        _socket.Use();
        try
        {
            while (true)
            {
                nint result;
                fixed (byte* start = datagram)
                fixed (byte* name = address is null ? default : address.Buffer.Span)
                {
                    byte none;
                    result = Libc.SendTo(
                        _socket.Descriptor, start is null ? &none : start, datagram.Length, Libc.MessageNoSignal, name, address?.Size ?? 0);
                }

                sent = (int)result;
                Errno error = result >= 0 ? Errno.None : Libc.LastError;
                if (error != Errno.Interrupted)
                {
                    return error;
                }
            }
        }
        finally
        {
            _socket.EndUse();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> SendWhenThereIsRoom(
        ReadOnlyMemory<byte> datagram, IPEndPoint? destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Before the attempt, as everywhere: room that comes from here on is not overlooked.
            _room.Full();
            Errno error = Send(datagram.Span, destination, out int sent);
            if (error == Errno.None)
            {
                return sent;
            }

            if (error != Errno.Again)
            {
                throw error.ToException($"Send from {LocalEndPoint} to {Name(destination)}");
            }

            await _room.Watchers.WaitAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        }
    }
}
