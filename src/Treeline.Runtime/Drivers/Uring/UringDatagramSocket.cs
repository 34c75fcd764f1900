using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Uring;

/// <summary>
/// A socket for datagrams of a <see cref="UringDriver"/>: the ring only tells when it is ready, and the system is called directly. So
/// each datagram goes straight into the user's memory, whole, and a cancelled receive has taken none.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. <c>_receivers</c> and <c>_senders</c> wait for the socket to be ready; while any does, the
/// question is in flight (<c>_asksIn</c>, <c>_asksOut</c>), once for all of them. They are told, and try again. The descriptor is
/// closed when no question is in flight and no call is being made with it (<c>_uses</c>).
/// </remarks>
internal sealed class UringDatagramSocket : DatagramSocket, IUringSource, ISelectable<Nothing>
{
    private readonly UringDriver _driver;
    private readonly int _descriptor;
    private readonly SenderQueue _senderQueue;
    private UringSeat _seat;
    private Gate _gate;
    private IPEndPoint _local;
    private WaiterList<Nothing> _receivers;
    private WaiterList<Nothing> _senders;
    private int _uses;
    private bool _isReceiving;
    private bool _asksIn;
    private bool _asksOut;
    private bool _isStopping;
    private bool _isClosed;
    private bool _isFinished;

    // Who sent the last datagram: often it is the same again. Of the one who receives.
    private byte[] _fromBytes = [];
    private IPEndPoint? _from;

    /// <summary>The descriptor is the caller's still if this throws.</summary>
    public UringDatagramSocket(UringDriver driver, int descriptor, IPEndPoint local)
    {
        _driver = driver;
        _descriptor = descriptor;
        _local = local;
        _senderQueue = new SenderQueue(this);
        driver.Enlist(this);
    }

    [Flags]
    private enum Steps
    {
        None = 0,
        Post = 1,
        AskIn = 2,
        AskOut = 4,
        Stop = 8,
        Finish = 16,
    }

    public override IPEndPoint LocalEndPoint => _local;

    ref UringSeat IUringSource.Seat => ref _seat;

    public override unsafe void Connect(IPEndPoint remote)
    {
        Use();
        try
        {
            SocketAddress address = remote.Serialize();
            fixed (byte* bytes = address.Buffer.Span)
            {
                if (Libc.Connect(_descriptor, bytes, address.Size) < 0)
                {
                    throw Libc.LastError.ToException($"Connect datagrams to {remote}");
                }
            }

            _local = (IPEndPoint?)SocketAddresses.Of(_descriptor, remote: false) ?? _local;
        }
        finally
        {
            AfterUse();
        }
    }

    public override ValueTask<SocketReceiveFromResult> ReceiveFromAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SocketReceiveFromResult>(cancellationToken);
        }

        BeginReceive();
        bool isOver = false;
        try
        {
            isOver = TryTake(buffer.Span, out int received, out IPEndPoint? from);
            if (isOver)
            {
                EndReceive();
                return Waiter<SocketReceiveFromResult>.Over(Result(received, from));
            }
        }
        catch when (!isOver)
        {
            EndReceive();
            throw;
        }

        return ReceiveSlowlyAsync(buffer, cancellationToken);
    }

    public override ValueTask<int> SendAsync(
        ReadOnlyMemory<byte> datagram, IPEndPoint? destination, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        return TrySend(datagram.Span, destination)
            ? Waiter<int>.Over(datagram.Length)
            : SendSlowlyAsync(datagram, destination, cancellationToken);
    }

    public override SelectCase ReceivableCase() => new(this);

    public override bool TryReceiveFrom(Span<byte> buffer, out int received, out IPEndPoint? from)
    {
        BeginReceive();
        try
        {
            return TryTake(buffer, out received, out from);
        }
        finally
        {
            EndReceive();
        }
    }

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value) =>
        WithSocket(socket => socket.SetSocketOption(level, name, value));

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, ReadOnlySpan<byte> value)
    {
        byte[] bytes = value.ToArray();
        WithSocket(socket => socket.SetSocketOption(level, name, bytes));
    }

    public override void Dispose()
    {
        var waiting = default(WaiterList<Nothing>);
        Steps steps;
        using (_gate.Enter())
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            TakeAll(ref _receivers, ref waiting);
            TakeAll(ref _senders, ref waiting);
            steps = Decide();
        }

        while (waiting.TryPop(out Waiter<Nothing>? waiter))
        {
            waiter.Fail(Closed());
        }

        Do(steps);
    }

    public override string ToString() => $"receive on {_local}";

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch)
    {
        Exception? error;
        Steps steps;
        using (_gate.Enter())
        {
            error = _isClosed ? Closed() : _isReceiving ? InUse() : null;
            if (error is null)
            {
                _receivers.Add(branch);
            }
            else if (!branch.TryClaim())
            {
                return;
            }

            steps = Decide();
        }

        Do(steps);
        if (error is not null)
        {
            branch.Fail(error);
        }
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _receivers.Remove((Waiter<Nothing>)waiter);
        }
    }

    void IUringSource.Advance()
    {
        Steps steps;
        using (_gate.Enter())
        {
            steps = Decide();
        }

        Do(steps);
    }

    void IUringSource.OnCompletion(UringOperation operation, int result, uint flags)
    {
        var ready = default(WaiterList<Nothing>);
        Steps steps;
        using (_gate.Enter())
        {
            if (operation == UringOperation.Readable)
            {
                _asksIn = false;
                TakeAll(ref _receivers, ref ready);
            }
            else
            {
                _asksOut = false;
                TakeAll(ref _senders, ref ready);
            }

            steps = Decide();
        }

        while (ready.TryPop(out Waiter<Nothing>? waiter))
        {
            waiter.Complete(default);
        }

        Do(steps);
    }

    void IUringSource.End(bool sendsRest)
    {
        Dispose();
        ((IUringSource)this).Advance();
    }

    private static void TakeAll(ref WaiterList<Nothing> from, ref WaiterList<Nothing> to)
    {
        while (from.TryPopClaimed(out Waiter<Nothing>? waiter))
        {
            to.Add(waiter);
        }
    }

    private static SocketReceiveFromResult Result(int received, IPEndPoint? from) =>
        new() { ReceivedBytes = received, RemoteEndPoint = from! };

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<SocketReceiveFromResult> ReceiveSlowlyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await ReadyAsync(sends: false, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
                if (TryTake(buffer.Span, out int received, out IPEndPoint? from))
                {
                    return Result(received, from);
                }
            }
        }
        finally
        {
            EndReceive();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> SendSlowlyAsync(
        ReadOnlyMemory<byte> datagram, IPEndPoint? destination, CancellationToken cancellationToken)
    {
        do
        {
            await ReadyAsync(sends: true, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        }
        while (!TrySend(datagram.Span, destination));
        return datagram.Length;
    }

    private ValueTask ReadyAsync(bool sends, CancellationToken cancellationToken)
    {
        Waiter<Nothing> waiter;
        Steps steps;
        using (_gate.Enter())
        {
            CheckOpen();
            waiter = Waiter<Nothing>.Rent(sends ? _senderQueue : this, cancellationToken);
            waiter.ResumeOn(_driver.Executor);
            if (sends)
            {
                _senders.Add(waiter);
            }
            else
            {
                _receivers.Add(waiter);
            }

            steps = Decide();
        }

        Do(steps);
        return waiter.AsVoidValueTask();
    }

    private unsafe bool TryTake(Span<byte> buffer, out int received, out IPEndPoint? from)
    {
        received = 0;
        from = null;
        Use();
        try
        {
            byte* address = stackalloc byte[SocketAddresses.Capacity];
            byte nothing = 0; // a datagram is taken also by a buffer without room
            fixed (byte* bytes = buffer)
            {
                while (true)
                {
                    int length = SocketAddresses.Capacity;
                    nint result = Libc.ReceiveFrom(
                        _descriptor, bytes is null ? &nothing : bytes, buffer.Length, UringCalls.DontWait, address, &length);
                    if (result >= 0)
                    {
                        received = (int)result;
                        from = From(address, length);
                        return true;
                    }

                    Errno error = Libc.LastError;
                    if (error == Errno.Again)
                    {
                        return false;
                    }

                    if (error != Errno.Interrupted)
                    {
                        throw error.ToException($"Receive on {_local}");
                    }
                }
            }
        }
        finally
        {
            AfterUse();
        }
    }

    private unsafe IPEndPoint? From(byte* address, int size)
    {
        var bytes = new ReadOnlySpan<byte>(address, size);
        if (!bytes.SequenceEqual(_fromBytes))
        {
            _from = SocketAddresses.Parse(address, size) as IPEndPoint;
            _fromBytes = bytes.ToArray();
        }

        return _from;
    }

    private unsafe bool TrySend(ReadOnlySpan<byte> datagram, IPEndPoint? destination)
    {
        Use();
        try
        {
            SocketAddress? address = destination?.Serialize();
            fixed (byte* to = address is null ? default : address.Buffer.Span)
            fixed (byte* bytes = datagram)
            {
                while (true)
                {
                    nint sent = Libc.SendTo(
                        _descriptor, bytes, datagram.Length, UringCalls.DontWait | Libc.MessageNoSignal, to, address?.Size ?? 0);
                    if (sent >= 0)
                    {
                        return true;
                    }

                    Errno error = Libc.LastError;
                    if (error == Errno.Again)
                    {
                        return false;
                    }

                    if (error != Errno.Interrupted)
                    {
                        throw error.ToException(
                            destination is null ? $"Send from {_local}" : $"Send from {_local} to {destination}");
                    }
                }
            }
        }
        finally
        {
            AfterUse();
        }
    }

    private void WithSocket(Action<Socket> use)
    {
        Use();
        try
        {
            use(BorrowedSocket.Of(_descriptor));
        }
        finally
        {
            AfterUse();
        }
    }

    private void BeginReceive()
    {
        using (_gate.Enter())
        {
            CheckOpen();
            if (_isReceiving)
            {
                throw InUse();
            }

            _isReceiving = true;
        }
    }

    private void EndReceive()
    {
        using (_gate.Enter())
        {
            _isReceiving = false;
        }
    }

    private void Use()
    {
        using (_gate.Enter())
        {
            CheckOpen();
            _uses++;
        }
    }

    private void AfterUse()
    {
        Steps steps;
        using (_gate.Enter())
        {
            _uses--;
            steps = Decide();
        }

        Do(steps);
    }

    /// <summary>What the state calls for. Under the gate; what it gives is passed to <see cref="Do"/>, outside.</summary>
    private Steps Decide()
    {
        if (_isFinished)
        {
            return Steps.None;
        }

        var steps = Steps.None;
        if (_isClosed)
        {
            bool isIdle = (!_asksIn && !_asksOut) || _driver.IsAbandoned;
            steps = isIdle ? (_uses == 0 ? Steps.Finish : Steps.None) : _isStopping ? Steps.None : Steps.Stop;
        }
        else
        {
            steps |= !_asksIn && !_receivers.IsEmpty ? Steps.AskIn : Steps.None;
            steps |= !_asksOut && !_senders.IsEmpty ? Steps.AskOut : Steps.None;
        }

        if (steps == Steps.None)
        {
            return steps;
        }

        // What needs the ring is the owner's.
        if (steps != Steps.Finish && !_driver.IsOwner)
        {
            return Steps.Post;
        }

        _asksIn |= (steps & Steps.AskIn) != 0;
        _asksOut |= (steps & Steps.AskOut) != 0;
        _isStopping |= (steps & Steps.Stop) != 0;
        _isFinished = (steps & Steps.Finish) != 0;
        return steps;
    }

    /// <summary>Outside the gate.</summary>
    private void Do(Steps steps)
    {
        if ((steps & Steps.Post) != 0)
        {
            _driver.Post(this);
            return;
        }

        if ((steps & Steps.AskIn) != 0)
        {
            Ask(UringOperation.Readable, UringCalls.PollIn);
        }

        if ((steps & Steps.AskOut) != 0)
        {
            Ask(UringOperation.Writable, UringCalls.PollOut);
        }

        if ((steps & Steps.Stop) != 0)
        {
            // Of what is not in flight the kernel says that it knows nothing.
            _driver.Cancel(UringOperation.Readable, this);
            _driver.Cancel(UringOperation.Writable, this);
            _driver.TryTurn(); // so that the port is free when closing returns
        }

        if ((steps & Steps.Finish) != 0)
        {
            _driver.Strike(this);
            _ = Libc.Close(_descriptor);
        }
    }

    private unsafe void Ask(UringOperation operation, uint events)
    {
        UringSubmission* entry = _driver.Prepare(operation, this);
        entry->Opcode = UringAbi.OpPollAdd;
        entry->Descriptor = _descriptor;
        entry->OperationFlags = events;
    }

    private void CheckOpen()
    {
        if (_isClosed)
        {
            throw Closed();
        }
    }

    private InvalidOperationException InUse() =>
        new($"Another operation receives on {_local} already. One at a time: await it first.");

    private ObjectDisposedException Closed() => new(ToString(), $"The socket on {_local} was closed.");

    private sealed class SenderQueue(UringDatagramSocket socket) : IWaitQueue
    {
        public override string ToString() => $"send from {socket._local}";

        void IWaitQueue.Remove(WaiterBase waiter)
        {
            using (socket._gate.Enter())
            {
                socket._senders.Remove((Waiter<Nothing>)waiter);
            }
        }
    }
}
