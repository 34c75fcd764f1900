using System.Net.Sockets;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Epoll;

/// <summary>Accepting connections.</summary>
internal sealed class EpollAccepting(EpollSocket socket) : EpollOperation<StreamSocket>(socket, ready: false)
{
    public ValueTask<StreamSocket> AcceptAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<StreamSocket>(cancellationToken);
        }

        Enter();
        return Start(cancellationToken);
    }

    public bool TryAccept(out StreamSocket accepted)
    {
        Enter();
        return TryNow(out accepted);
    }

    public override string ToString() => $"accept at {Socket}";

    protected override unsafe Errno Attempt(out StreamSocket result, out bool more)
    {
        result = null!;
        more = true; // there may be others: only a call that finds none says that
        byte* address = stackalloc byte[SocketAddresses.Capacity];
        while (true)
        {
            int size = SocketAddresses.Capacity;
            int descriptor = Libc.Accept(Socket.Descriptor, address, &size, Libc.NonBlocking | Libc.CloseOnExec);
            if (descriptor >= 0)
            {
                var accepted = new EpollSocket(Socket.Driver, descriptor);
                accepted.SetPeer(address, size);
                try
                {
                    result = EpollStream.Open(accepted, connected: true);
                    return Errno.None;
                }
                catch (SocketException)
                {
                    return Errno.NoMemory; // epoll takes no more; the connection is closed
                }
                catch (ObjectDisposedException)
                {
                    return Errno.Canceled; // the driver has been closed
                }
            }

            switch (Libc.LastError)
            {
                // What is wrong with one connection is told by accept, and not of interest to the listener (accept(2), "Error handling").
                case Errno.ConnectionAborted or Errno.Protocol or Errno.NetworkDown or Errno.ProtocolOption or Errno.HostDown
                    or Errno.HostUnreachable or Errno.OperationNotSupported or Errno.NetworkUnreachable or Errno.Interrupted:
                    continue;
                case var error:
                    return error;
            }
        }
    }

    protected override void Forget()
    {
    }
}
