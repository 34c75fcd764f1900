using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Drivers;

/// <summary>A connection that is being opened.</summary>
/// <remarks>
/// <b>Protocol.</b> <c>_waiter</c> belongs to <c>_gate</c>. The end of .NET's operation takes it out and claims it; a wait that gives
/// up is taken out by <see cref="IWaitQueue.Remove"/>, which closes the socket. Whichever comes second finds none: an end
/// without a waiter closes the socket. So the socket is either given away or closed, once.
/// </remarks>
internal sealed class PortableConnect(PortableNetwork network, Socket socket, EndPoint endPoint)
    : SocketAsyncEventArgs(unsafeSuppressExecutionContextFlow: true), IWaitQueue
{
    private Gate _gate;
    private Waiter<StreamSocket>? _waiter;

    /// <summary>Begins; called once.</summary>
    public ValueTask<StreamSocket> Begin(CancellationToken cancellationToken)
    {
        RemoteEndPoint = endPoint;
        Waiter<StreamSocket> waiter = Waiter<StreamSocket>.Rent(this, cancellationToken);
        waiter.ResumeOn(network.Executor);
        _waiter = waiter;
        try
        {
            if (!socket.ConnectAsync(this))
            {
                End();
            }
        }
        catch (Exception e)
        {
            // Not a socket's error but a misuse, such as an address that nothing can be sent to.
            End(e);
        }

        return waiter.AsValueTask();
    }

    public override string ToString() => $"connect to {endPoint}";

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiter = null;
        }

        socket.Dispose();
    }

    protected override void OnCompleted(SocketAsyncEventArgs e) => End();

    private void End(Exception? error = null)
    {
        PortableStreamSocket? connected = null;
        if (error is null && SocketError == SocketError.Success)
        {
            try
            {
                connected = network.Enter(new PortableStreamSocket(network, socket, endPoint));
            }
            catch (ObjectDisposedException gone)
            {
                error = gone;
            }
        }

        Waiter<StreamSocket>? waiter;
        using (_gate.Enter())
        {
            waiter = _waiter;
            _waiter = null;
            if (waiter is not null && !waiter.TryClaim())
            {
                waiter = null;
            }
        }

        if (waiter is null || connected is null)
        {
            connected?.Dispose();
            socket.Dispose();
        }

        Dispose();
        if (connected is not null)
        {
            waiter?.Complete(connected);
        }
        else
        {
            waiter?.Fail(error ?? SocketErrors.Of(SocketError, $"connecting to {endPoint}"));
        }
    }
}
