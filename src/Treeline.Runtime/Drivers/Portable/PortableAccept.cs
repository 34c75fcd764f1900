using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Drivers;

/// <summary>The wait for connections.</summary>
/// <remarks>
/// .NET's bell for connections is an accept, so it takes one. <c>_kept</c> is that one until somebody comes for it. It is put there by
/// the end of the bell's operation, while no other can be started, and taken by whoever swaps null in.
/// </remarks>
internal sealed class PortableAccept(PortableNetwork network, Socket socket, EndPoint local)
    : PortableWait<StreamSocket>(network.Executor)
{
    private Socket? _kept;

    public override string Doing => $"accepting a connection on {local}";

    /// <summary>Closes what was accepted and not taken.</summary>
    public void DropKept() => Interlocked.Exchange(ref _kept, null)?.Dispose();

    public override string ToString() => $"accept on {local}";

    private protected override SocketError TryTake(Span<byte> buffer, SocketFlags flags, out StreamSocket value)
    {
        value = null!;
        while (true)
        {
            try
            {
                Socket? accepted = Interlocked.Exchange(ref _kept, null);
                if (accepted is null)
                {
                    if (!socket.Poll(0, SelectMode.SelectRead))
                    {
                        return SocketError.WouldBlock;
                    }

                    accepted = socket.Accept();
                }

                value = network.Enter(new PortableStreamSocket(network, accepted, remote: null));
                return SocketError.Success;
            }
            catch (ObjectDisposedException)
            {
                return SocketError.OperationAborted;
            }
            catch (SocketException e) when (!IsOfOneConnection(e.SocketErrorCode))
            {
                return e.SocketErrorCode;
            }
            catch (SocketException)
            {
                // The next one.
            }
        }
    }

    private protected override bool IsThere() =>
        Volatile.Read(ref _kept) is not null || socket.IsThere(SelectMode.SelectRead);

    private protected override bool Ring()
    {
        // One that was kept after whoever starts the bell had looked: it would wait for another.
        if (Volatile.Read(ref _kept) is not null)
        {
            return false;
        }

        AcceptSocket = null;
        return socket.AcceptAsync(this);
    }

    private protected override void Keep()
    {
        if (SocketError == SocketError.Success && AcceptSocket is { } accepted)
        {
            AcceptSocket = null;
            Interlocked.Exchange(ref _kept, accepted);
            if (IsClosed)
            {
                // Nobody comes for it any more. Whoever closed either saw it after the swap or is seen here.
                DropKept();
            }
        }
    }

    private protected override bool IsFailure(SocketError error) => base.IsFailure(error) && !IsOfOneConnection(error);

    /// <summary>Says nothing of the listener: accept(2) passes on what is wrong with the connection that comes next.</summary>
    private static bool IsOfOneConnection(SocketError error) =>
        error is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NetworkDown
            or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.HostUnreachable or SocketError.TimedOut
            or SocketError.NotConnected;
}
