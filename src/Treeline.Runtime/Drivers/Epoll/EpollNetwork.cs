using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Epoll;

/// <summary>The sockets of an <see cref="EpollDriver"/>.</summary>
internal sealed class EpollNetwork(EpollDriver driver) : Network
{
    private const int StreamType = 1;
    private const int DatagramType = 2;

    public override string Name => "epoll";

    public override ListenSocket Listen(EndPoint endPoint, int backlog, bool reusePort)
    {
        EpollSocket socket = Make(endPoint, StreamType);
        try
        {
            if (endPoint.AddressFamily != AddressFamily.Unix)
            {
                socket.SetNative(level: 1, name: 2, value: 1); // SO_REUSEADDR: connections that linger from before do not keep the port
            }

            if (reusePort)
            {
                socket.SetNative(level: 1, name: 15, value: 1); // SO_REUSEPORT
            }

            BindTo(socket, endPoint, "Listen at");
            if (Libc.Listen(socket.Descriptor, backlog) != 0)
            {
                throw Libc.LastError.ToException($"Listen at {endPoint}");
            }

            return new EpollListener(socket);
        }
        catch
        {
            socket.Close();
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<StreamSocket> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        EpollSocket begun = Make(endPoint, StreamType);
        if (Begin(begun, endPoint) is var error && error is not (Errno.None or Errno.InProgress))
        {
            begun.Close();
            throw error.ToException($"Connect to {endPoint}");
        }

        EpollStream stream = EpollStream.Open(begun, connected: error == Errno.None);
        if (error == Errno.None)
        {
            return stream;
        }

        try
        {
            await stream.ConnectAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
            return stream;
        }
        catch (SocketException e)
        {
            stream.Dispose();
            throw new SocketException((int)e.SocketErrorCode, $"Connect to {endPoint}: {new SocketException((int)e.SocketErrorCode).Message}");
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public override DatagramSocket Bind(IPEndPoint endPoint, bool reusePort)
    {
        EpollSocket socket = Make(endPoint, DatagramType);
        try
        {
            if (reusePort)
            {
                socket.SetNative(level: 1, name: 15, value: 1); // SO_REUSEPORT
            }

            BindTo(socket, endPoint, "Bind to");
            return new EpollDatagramSocket(socket);
        }
        catch
        {
            socket.Close();
            throw;
        }
    }

    private static unsafe void BindTo(EpollSocket socket, EndPoint endPoint, string what)
    {
        SocketAddress address = endPoint.Serialize();
        fixed (byte* start = address.Buffer.Span)
        {
            if (Libc.Bind(socket.Descriptor, start, address.Size) != 0)
            {
                throw Libc.LastError.ToException($"{what} {endPoint}");
            }
        }
    }

    private static unsafe Errno Begin(EpollSocket socket, EndPoint endPoint)
    {
        SocketAddress address = endPoint.Serialize();
        fixed (byte* start = address.Buffer.Span)
        {
            socket.SetPeer(start, address.Size);

            // A signal leaves it going on in the background (connect(2), EINTR).
            return Libc.Connect(socket.Descriptor, start, address.Size) == 0 ? Errno.None
                : Libc.LastError is var error && error == Errno.Interrupted ? Errno.InProgress
                : error;
        }
    }

    private EpollSocket Make(EndPoint endPoint, int type)
    {
        int descriptor = Libc.Socket(SocketAddresses.FamilyOf(endPoint), type | Libc.NonBlocking | Libc.CloseOnExec, 0);
        return descriptor >= 0 ? new EpollSocket(driver, descriptor) : throw Libc.LastError.ToException($"Open a socket for {endPoint}");
    }
}
