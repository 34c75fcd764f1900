using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Testing;

/// <summary>A simulated socket for datagrams. There are no groups, and nobody hears that a port is not in use.</summary>
/// <remarks>
/// <b>Protocol.</b> Everything that changes belongs to <c>_gate</c>. A datagram is queued only while nobody who can be claimed waits
/// for it; one that is taken belongs to who took it, and is copied outside the gate.
/// </remarks>
internal sealed class SimDatagramSocket(SimHost host, IPEndPoint local, bool reusesPort) : DatagramSocket, ISelectable<Nothing>
{
    // What fits into an IPv4 packet: 65,535 bytes less the headers of IP and UDP.
    private const int Longest = 65_507;

    // About what Linux keeps of small ones in a receive buffer of its default size (rmem_default); then it drops.
    private const int MostQueued = 256;

    private readonly Queue<SimDatagram> _arrived = [];
    private Gate _gate;
    private Waiter<SocketReceiveFromResult>? _receiving;
    private Memory<byte> _into;
    private Waiter<Nothing>? _watching;
    private IPEndPoint? _remote;
    private bool _isDisposed;
    private bool _hasCrashed;

    /// <inheritdoc/>
    public override IPEndPoint LocalEndPoint => local;

    /// <summary>Whether others may receive there too.</summary>
    public bool ReusesPort => reusesPort;

    private bool IsOver => _isDisposed || _hasCrashed;

    /// <inheritdoc/>
    public override void Connect(IPEndPoint remote)
    {
        bool isOver;
        using (_gate.Enter())
        {
            isOver = IsOver;
            _remote = remote;
        }

        ThrowIf(isOver, isBusy: false);
    }

    /// <inheritdoc/>
    public override ValueTask<SocketReceiveFromResult> ReceiveFromAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SocketReceiveFromResult>(cancellationToken);
        }

        Waiter<SocketReceiveFromResult>? waiter = null;
        SimDatagram next = default;
        bool isOver;
        bool isBusy;
        using (_gate.Enter())
        {
            isOver = IsOver;
            isBusy = _receiving is not null || _watching is not null;
            if (!isOver && !isBusy && !_arrived.TryDequeue(out next))
            {
                _receiving = waiter = Waiter<SocketReceiveFromResult>.Rent(this, cancellationToken);
                waiter.ResumeOn(Executor.Current);
                _into = buffer;
            }
        }

        ThrowIf(isOver, isBusy);
        return waiter is null
            ? Waiter<SocketReceiveFromResult>.Over(Result(next, buffer.Span))
            : waiter.AsValueTask();
    }

    /// <inheritdoc/>
    public override ValueTask<int> SendAsync(
        ReadOnlyMemory<byte> datagram, IPEndPoint? destination, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        bool isOver;
        using (_gate.Enter())
        {
            isOver = IsOver;
            destination ??= _remote;
        }

        ThrowIf(isOver, isBusy: false);
        SocketException? error = destination is null
            ? new SocketException(
                (int)SocketError.DestinationAddressRequired, $"Sending from {local}: say where to, or connect the socket first.")
            : datagram.Length > Longest
            ? new SocketException(
                (int)SocketError.MessageSize, $"Sending from {local} to {destination}: {datagram.Length} bytes are more than a datagram holds.")
            : null;
        if (error is not null)
        {
            return ValueTask.FromException<int>(error);
        }

        host.SendDatagram(new SimDatagram(datagram.ToArray(), host.Seen(local, destination!)), destination!);
        return Waiter<int>.Over(datagram.Length);
    }

    /// <inheritdoc/>
    public override SelectCase ReceivableCase() => new(this);

    /// <inheritdoc/>
    public override bool TryReceiveFrom(Span<byte> buffer, out int received, out IPEndPoint? from)
    {
        SimDatagram next = default;
        bool isOver;
        bool isBusy;
        bool some = false;
        using (_gate.Enter())
        {
            isOver = IsOver;
            isBusy = _receiving is not null || _watching is not null;
            if (!isOver && !isBusy)
            {
                some = _arrived.TryDequeue(out next);
            }
        }

        ThrowIf(isOver, isBusy);
        received = some ? next.CopyTo(buffer) : 0;
        from = some ? next.From : null;
        return some;
    }

    /// <inheritdoc/>
    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        // Options of a socket are about what is not simulated.
    }

    /// <inheritdoc/>
    public override void SetOption(SocketOptionLevel level, SocketOptionName name, ReadOnlySpan<byte> value) =>
        throw new SocketException(
            (int)SocketError.OperationNotSupported, $"Setting {name} of {local}: a simulated network has no groups to join.");

    /// <summary>A datagram has come.</summary>
    public void Put(SimDatagram datagram)
    {
        Waiter<SocketReceiveFromResult>? receiving;
        Memory<byte> into;
        Waiter<Nothing>? watching = null;
        using (_gate.Enter())
        {
            if (IsOver || (_remote is not null && !_remote.Equals(datagram.From)))
            {
                return;
            }

            receiving = _receiving;
            into = _into;
            _receiving = null;
            _into = default;
            if (receiving is null || !receiving.TryClaim())
            {
                receiving = null;
                if (_arrived.Count >= MostQueued)
                {
                    return;
                }

                _arrived.Enqueue(datagram);
                watching = ClaimWatching();
            }
        }

        if (receiving is not null)
        {
            Deliver(receiving, datagram, into);
        }

        watching?.Complete(default);
    }

    /// <summary>Its host has crashed.</summary>
    public void Crash() => End(crashed: true);

    /// <inheritdoc/>
    public override void Dispose()
    {
        End(crashed: false);
        host.Forget(this);
    }

    public override string ToString() => $"receive on {local}";

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch)
    {
        bool isOver;
        bool isBusy;
        using (_gate.Enter())
        {
            isOver = IsOver;
            isBusy = _receiving is not null || _watching is not null;
            if (!isOver && !isBusy && _arrived.Count == 0)
            {
                _watching = branch;
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }
        }

        if (isOver || isBusy)
        {
            branch.Fail(isOver ? Failure() : Busy());
        }
        else
        {
            branch.Complete(default);
        }
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            if (ReferenceEquals(_receiving, waiter))
            {
                _receiving = null;
                _into = default;
            }
            else if (ReferenceEquals(_watching, waiter))
            {
                _watching = null;
            }
        }
    }

    private static SocketReceiveFromResult Result(SimDatagram datagram, Span<byte> into) => new()
    {
        ReceivedBytes = datagram.CopyTo(into),
        RemoteEndPoint = datagram.From,
    };

    private static void Deliver(Waiter<SocketReceiveFromResult> receiving, SimDatagram datagram, Memory<byte> into)
    {
        SocketReceiveFromResult result;
        try
        {
            result = Result(datagram, into.Span);
        }
        catch (Exception e)
        {
            receiving.Fail(e); // memory of the user's own
            return;
        }

        receiving.Complete(result);
    }

    private void End(bool crashed)
    {
        Waiter<SocketReceiveFromResult>? receiving;
        Waiter<Nothing>? watching = null;
        using (_gate.Enter())
        {
            _hasCrashed |= crashed;
            _isDisposed |= !crashed;
            receiving = _receiving;
            _receiving = null;
            _into = default;
            if (receiving is not null && !receiving.TryClaim())
            {
                receiving = null;
            }

            _arrived.Clear();
            watching = ClaimWatching();
        }

        receiving?.Fail(Failure());
        watching?.Fail(Failure());
    }

    // Under the gate.
    private Waiter<Nothing>? ClaimWatching()
    {
        Waiter<Nothing>? watching = _watching;
        _watching = null;
        return watching is not null && watching.TryClaim() ? watching : null;
    }

    private void ThrowIf(bool isOver, bool isBusy)
    {
        if (isOver)
        {
            throw Failure();
        }

        if (isBusy)
        {
            throw Busy();
        }
    }

    private InvalidOperationException Busy() => new(
        $"Somebody receives on {local} already. One receive may be in flight at a time: await the one before.");

    private Exception Failure() => _hasCrashed && !_isDisposed
        ? SimHost.Down(host, $"Using the socket at {local}")
        : new ObjectDisposedException(nameof(DatagramSocket), $"The socket at {local} has been disposed.");
}
