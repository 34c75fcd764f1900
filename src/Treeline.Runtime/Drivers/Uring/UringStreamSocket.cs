using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Uring;

/// <summary>
/// A connection of a <see cref="UringDriver"/>. The kernel receives into buffers of the driver and sends from them, so that no operation
/// ever has the user's memory in its hands: a cancelled read loses nothing, and a write is over when its bytes have been copied.
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> Everything belongs to <c>_gate</c>, but the bytes themselves: those of a chunk belong to whoever has taken it out
/// of its list. At most one <i>reads</i> (<c>_isReading</c>: it waits, or copies outside the gate) and one <i>writes</i> (<c>_isWriting</c>); so
/// only it takes chunks out of <c>_in</c>, or fills <c>_filling</c>. The owner of the driver appends to <c>_in</c>, and takes the first of
/// <c>_out</c> out when it has been sent; while <c>_isSending</c> the first is in the hands of the kernel, and nobody else touches it.
/// Whoever changes the state then looks what it calls for (<see cref="Decide"/>) under the same gate, and asks for that outside.</para>
/// <para><b>Receiving.</b> Asked for once, when somebody has to wait, and then goes on by itself (multishot): whatever comes is put in
/// <c>_in</c> or copied to who waits. It is cancelled when <see cref="MostHeld"/> buffers lie unread: the rest waits in the system, and the
/// other end notices. While it is not in flight, a read asks the system directly. When the buffers are used up, one receive
/// at a time goes to a chunk of its own, so that whoever waits gets its bytes whatever others hold.</para>
/// <para><b>Sending.</b> One at a time: the kernel may split a send, and then a second one would get in between. Meanwhile further
/// bytes are collected, up to <see cref="MostQueued"/> chunks; then writers wait. A failure of the system is told to the next
/// write, as that of a system's own buffer would be.</para>
/// <para><b>The end.</b> Closing cancels the receive, lets what was written be sent, waits for the last completion of either, leaves the
/// driver's table, and only then closes the descriptor: a number that the kernel still uses for us must not become somebody else's.
/// The system resets a connection that is closed with bytes unread. Here those may have been received already, so it is made to.</para>
/// </remarks>
internal sealed unsafe class UringStreamSocket : StreamSocket, IUringSource, ISelectable<Nothing>
{
    /// <summary>How many buffers of received bytes lie here, 64 KiB in all, before the rest waits in the system.</summary>
    private const int MostHeld = 16;

    /// <summary>How many chunks of written bytes lie here, 64 KiB in all, before writers wait.</summary>
    private const int MostQueued = 4;

    private readonly UringDriver _driver;
    private readonly int _descriptor;
    private UringSeat _seat;
    private Gate _gate;

    private Waiter<int>? _reader;
    private Memory<byte> _into;
    private Waiter<Nothing>? _readable;
    private WaiterList<Nothing> _cases;
    private ChunkList _in;
    private Chunk* _single;
    private bool _hasEnded;
    private Errno _receiveError;
    private Receiving _receiving;

    private Waiter<int>? _writer;
    private ReadOnlyMemory<byte> _from;
    private IReadOnlyList<ReadOnlyMemory<byte>>? _fromMany;
    private Waiter<Nothing>? _writable;
    private UringWriteQueue? _writeQueue;
    private ChunkList _out;
    private Chunk* _filling;
    private Errno _sendError;

    private int _uses; // system calls that are being made with the descriptor
    private bool _isPeeking;
    private bool _isReading;
    private bool _isStopping;
    private bool _isStarved;
    private bool _isWriting;
    private bool _isSending;
    private bool _isStoppingSend;
    private bool _isShut;
    private bool _isShutDone;
    private bool _isClosed;
    private bool _isAborted;
    private bool _isUnread;
    private bool _isFinished;

    /// <summary>The descriptor is the caller's still if this throws.</summary>
    public UringStreamSocket(UringDriver driver, int descriptor, EndPoint? local, EndPoint? remote)
    {
        _driver = driver;
        _descriptor = descriptor;
        LocalEndPoint = local;
        RemoteEndPoint = remote;
        driver.Enlist(this);
    }

    private enum Receiving : byte
    {
        Not,
        Always,
        Once,
    }

    [Flags]
    private enum Steps
    {
        None = 0,
        Post = 1,
        Receive = 2,
        ReceiveOnce = 4,
        StopReceiving = 8,
        Send = 16,
        StopSending = 32,
        Shutdown = 64,
        Finish = 128,
    }

    public override EndPoint? LocalEndPoint { get; }

    public override EndPoint? RemoteEndPoint { get; }

    /// <summary>Who is at the other end, for people.</summary>
    public string Peer => RemoteEndPoint?.ToString() ?? (LocalEndPoint is null ? "a socket without a name" : $"a client of {LocalEndPoint}");

    ref UringSeat IUringSource.Seat => ref _seat;

    /// <summary>The other end sees a reset.</summary>
    public static void Reset(int descriptor)
    {
        const int SolSocket = 1;
        const int SoLinger = 13;
        ulong linger = 1; // struct linger: on, and for 0 s
        _ = Libc.SetOption(descriptor, SolSocket, SoLinger, &linger, sizeof(ulong));
        _ = Libc.Close(descriptor);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        Read(buffer, peeks: false, cancellationToken);

    public override ValueTask<int> PeekAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        Read(buffer, peeks: true, cancellationToken);

    public override ValueTask ReadableAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Waiter<Nothing>? waiter = null;
        var steps = Steps.None;
        using (_gate.Enter())
        {
            CheckReader();
            if (_in.IsEmpty && !IsOver)
            {
                waiter = Waiter<Nothing>.Rent(this, cancellationToken);
                waiter.ResumeOn(_driver.Executor);
                _readable = waiter;
                _isReading = true;
                steps = Decide();
            }
        }

        Do(steps);
        return waiter?.AsVoidValueTask() ?? Waiter<Nothing>.Over();
    }

    public override SelectCase ReadableCase() => new(this);

    public override bool TryRead(Span<byte> buffer, out int read)
    {
        read = Take(buffer, peeks: false);
        if (read >= 0)
        {
            return true;
        }

        StopReading();
        read = 0;
        return false;
    }

    public override ValueTask<int> WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
        Write(buffer, many: null, cancellationToken);

    public override ValueTask<int> WriteVectoredAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> buffers, CancellationToken cancellationToken) =>
        Write(default, buffers, cancellationToken);

    public override ValueTask WritableAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Waiter<Nothing>? waiter = null;
        bool turned = false;
        do
        {
            using (_gate.Enter())
            {
                CheckOpen();
                if (_isWriting)
                {
                    throw InUse("writes");
                }

                if (HasRoom || WriteError != Errno.None)
                {
                    break;
                }

                if (turned)
                {
                    waiter = Waiter<Nothing>.Rent(_writeQueue ??= new UringWriteQueue(this), cancellationToken);
                    waiter.ResumeOn(_driver.Executor);
                    _writable = waiter;
                    _isWriting = true;
                    break;
                }
            }

            _driver.TryTurn();
            turned = true;
        }
        while (true);

        return waiter?.AsVoidValueTask() ?? Waiter<Nothing>.Over();
    }

    public override bool TryWrite(ReadOnlySpan<byte> buffer, out int written)
    {
        if (!BeginWrite(out ChunkList chunks, out Chunk* filling, out int room))
        {
            written = 0;
            return buffer.IsEmpty;
        }

        written = 0;
        Errno error = Errno.None;
        if (room == MostQueued && !_driver.IsOwner)
        {
            written = SendAtOnce(buffer, out error);
        }

        if (written == 0 && error == Errno.None)
        {
            written = Fill(buffer, ref chunks, ref filling, ref room);
        }

        EndWrite(ref chunks, filling, error);
        return error == Errno.None ? true : throw Failed(error);
    }

    public override void ShutdownSend()
    {
        Steps steps;
        using (_gate.Enter())
        {
            CheckOpen();
            _isShut = true;
            steps = Decide();
        }

        Do(steps);
    }

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        Use();
        try
        {
            if (level != SocketOptionLevel.Tcp || name != SocketOptionName.NoDelay)
            {
                Socket socket = BorrowedSocket.Of(_descriptor);
                if (name == SocketOptionName.Linger)
                {
                    socket.LingerState = new LingerOption(value >= 0, Math.Max(value, 0)); // it takes no number
                }
                else
                {
                    socket.SetSocketOption(level, name, value);
                }

                return;
            }

            // That of every connection directly.
            if (Libc.SetOption(_descriptor, level: 6, name: 1, &value, sizeof(int)) != 0) // IPPROTO_TCP, TCP_NODELAY
            {
                throw Libc.LastError.ToException($"Set {name} of the connection with {Peer}");
            }
        }
        finally
        {
            AfterUse();
        }
    }

    public override int GetOption(SocketOptionLevel level, SocketOptionName name)
    {
        Use();
        try
        {
            Socket socket = BorrowedSocket.Of(_descriptor);
            return socket.GetSocketOption(level, name) switch
            {
                int value => value,
                LingerOption linger => linger.Enabled ? linger.LingerTime : -1,
                var other => throw new NotSupportedException($"The value of {name} is no number, but {other}."),
            };
        }
        finally
        {
            AfterUse();
        }
    }

    public override void Abort() => Close(aborts: true);

    public override void Dispose() => Close(aborts: false);

    public override string ToString() => $"read from {Peer}";

    /// <summary>Somebody has given up waiting to write.</summary>
    public void RemoveWriter(WaiterBase waiter)
    {
        Steps steps;
        using (_gate.Enter())
        {
            if (ReferenceEquals(waiter, _writer))
            {
                TakeWriter();
                _isWriting = false;
            }
            else if (ReferenceEquals(waiter, _writable))
            {
                _writable = null;
                _isWriting = false;
            }

            steps = Decide();
        }

        Do(steps);
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        Steps steps;
        using (_gate.Enter())
        {
            if (ReferenceEquals(waiter, _reader))
            {
                _reader = null;
                _into = default;
                EndRead();
            }
            else if (ReferenceEquals(waiter, _readable))
            {
                _readable = null;
                EndRead();
            }
            else if (waiter is Waiter<Nothing> branch)
            {
                _cases.Remove(branch);
            }

            steps = Decide();
        }

        Do(steps);
    }

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch)
    {
        Exception? error;
        using (_gate.Enter())
        {
            error = _isClosed ? Closed() : _isReading ? InUse("reads") : null;
            if (error is not null || !_in.IsEmpty || IsOver)
            {
                if (!branch.TryClaim())
                {
                    return;
                }
            }
            else
            {
                _cases.Add(branch);
                branch = null!;
            }
        }

        if (branch is null)
        {
            Look();
        }
        else if (error is null)
        {
            branch.Complete(default);
        }
        else
        {
            branch.Fail(error);
        }
    }

    void IUringSource.Advance() => Look();

    void IUringSource.OnCompletion(UringOperation operation, int result, uint flags)
    {
        if (operation == UringOperation.Send)
        {
            OnSent(result);
        }
        else
        {
            OnReceived(result, flags);
        }
    }

    void IUringSource.End(bool sendsRest)
    {
        Close(aborts: !sendsRest);
        if (_driver.IsAbandoned)
        {
            ((IUringSource)this).Advance();
        }
    }

    private ValueTask<int> Read(Memory<byte> buffer, bool peeks, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        int read = Take(buffer.Span, peeks);
        if (read >= 0)
        {
            return Waiter<int>.Over(read);
        }

        Waiter<int>? waiter = null;
        Steps steps;
        using (_gate.Enter())
        {
            if (_isClosed || !_in.IsEmpty || IsOver)
            {
                EndRead();
            }
            else
            {
                waiter = Waiter<int>.Rent(this, cancellationToken);
                waiter.ResumeOn(_driver.Executor);
                _reader = waiter;
                _into = buffer;
                _isPeeking = peeks;
            }

            steps = Decide();
        }

        // Or else something has come meanwhile, or it was closed.
        Do(steps);
        return waiter?.AsValueTask() ?? Read(buffer, peeks, cancellationToken);
    }

    /// <summary>
    /// What can be had at once; -1 if nothing can: then the caller is the one who reads, and goes on to wait, or to end that.
    /// </summary>
    private int Take(Span<byte> buffer, bool peeks)
    {
        ChunkList chunks;
        bool isOver;
        bool asks;
        using (_gate.Enter())
        {
            CheckReader();
            if (buffer.IsEmpty)
            {
                return 0;
            }

            chunks = _in.TakeAll();
            isOver = chunks.IsEmpty && IsOver;
            asks = _receiving == Receiving.Not;
            _isReading = !isOver;
        }

        if (!chunks.IsEmpty)
        {
            int copied = chunks.CopyTo(buffer, peeks, _driver);
            PutBack(ref chunks);
            return copied;
        }

        if (isOver)
        {
            return _receiveError == Errno.None ? 0 : throw ReadFailed();
        }

        return asks ? ReceiveAtOnce(buffer, peeks) : -1;
    }

    /// <summary>Asks the system for what there is. Called by the one who reads, while nothing is received for this socket.</summary>
    private int ReceiveAtOnce(Span<byte> buffer, bool peeks)
    {
        Errno error;
        fixed (byte* bytes = buffer)
        {
            nint received;
            do
            {
                received = Libc.Receive(
                    _descriptor, bytes, buffer.Length, UringCalls.DontWait | (peeks ? Libc.MessagePeek : 0));
                error = received < 0 ? Libc.LastError : Errno.None;
            }
            while (error == Errno.Interrupted);
            if (error == Errno.Again)
            {
                return -1;
            }

            Steps steps;
            using (_gate.Enter())
            {
                _hasEnded |= received == 0;
                _receiveError = error;

                EndRead();
                steps = Decide();
            }

            Do(steps);
            return error == Errno.None ? (int)received : throw ReadFailed();
        }
    }

    /// <summary>The one who reads has copied. What it has left goes back to the front.</summary>
    private void PutBack(ref ChunkList chunks)
    {
        Steps steps;
        using (_gate.Enter())
        {
            if (!_isClosed)
            {
                chunks.Append(ref _in);
                _in = chunks;
                chunks = default;
            }
            else if (!chunks.IsEmpty)
            {
                LeaveUnread(ref chunks);
            }

            EndRead();
            steps = Decide();
        }

        _driver.Recycle(ref chunks);
        Do(steps);
    }

    /// <summary>Under the gate.</summary>
    private void EndRead() => _isReading = false;

    /// <summary>Asks for what the state calls for. Called with no gate held.</summary>
    private void Look()
    {
        Steps steps;
        using (_gate.Enter())
        {
            steps = Decide();
        }

        Do(steps);
    }

    private void StopReading()
    {
        Steps steps;
        using (_gate.Enter())
        {
            EndRead();
            steps = Decide();
        }

        Do(steps);
    }

    private void OnReceived(int result, uint flags)
    {
        Chunk* chunk = (flags & UringAbi.CompletionHasBuffer) != 0 ? _driver.Buffers.Take((int)(flags >> 16), result) : null;
        bool isOver = (flags & UringAbi.CompletionHasMore) == 0;
        Errno error = result < 0 ? (Errno)(-result) : Errno.None;
        bool isStarved = error == Errno.NoBufferSpace && !_driver.Buffers.TryRelieve();
        Chunk* unused = null;
        var unsent = default(ChunkList);
        Waiter<int>? reader = null;
        Memory<byte> into = default;
        bool peeks = false;
        var arrived = default(ChunkList);
        var readable = default(WaiterList<Nothing>);
        Steps steps;
        using (_gate.Enter())
        {
            if (_receiving == Receiving.Once)
            {
                chunk = _single;
                chunk->End = Math.Max(result, 0);
                _single = null;
            }

            if (isOver)
            {
                _receiving = Receiving.Not;
                _isStopping = false;
                _isStarved = isStarved;
            }

            _hasEnded |= result == 0;
            if (error is not (Errno.None or Errno.NoBufferSpace or Errno.Canceled or Errno.Interrupted or Errno.Again))
            {
                _receiveError = error;
            }

            if (result <= 0 || _isClosed)
            {
                unused = chunk;
                if (result > 0)
                {
                    LeaveUnread(ref unsent);
                }
            }
            else
            {
                _in.Append(chunk);
            }

            if (!_isClosed && (!_in.IsEmpty || IsOver))
            {
                while (_cases.TryPopClaimed(out Waiter<Nothing>? branch))
                {
                    readable.Add(branch);
                }

                if (_readable is { } waiting && waiting.TryClaim())
                {
                    _readable = null;
                    EndRead();
                    readable.Add(waiting);
                }
                else if (_reader is { } first && first.TryClaim())
                {
                    // Who is claimed reads until it has been copied to.
                    reader = first;
                    into = _into;
                    peeks = _isPeeking;
                    _reader = null;
                    _into = default;
                    arrived = _in.TakeAll();
                }
            }

            steps = Decide();
        }

        _driver.Recycle(ref unsent);
        if (unused is not null)
        {
            _driver.Recycle(unused);
        }

        if (reader is not null)
        {
            Deliver(reader, into, peeks, ref arrived);
        }

        while (readable.TryPop(out Waiter<Nothing>? waiter))
        {
            waiter.Complete(default);
        }

        Do(steps);
    }

    private void Deliver(Waiter<int> reader, Memory<byte> into, bool peeks, ref ChunkList arrived)
    {
        int copied = 0;
        Exception? error = null;
        if (arrived.IsEmpty)
        {
            error = _receiveError == Errno.None ? null : ReadFailed();
        }
        else
        {
            try
            {
                copied = arrived.CopyTo(into.Span, peeks, _driver);
            }
            catch (Exception e)
            {
                error = e; // the user's memory is gone
            }
        }

        PutBack(ref arrived);
        if (error is null)
        {
            reader.Complete(copied);
        }
        else
        {
            reader.Fail(error);
        }
    }

    private ValueTask<int> Write(
        ReadOnlyMemory<byte> buffer, IReadOnlyList<ReadOnlyMemory<byte>>? many, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        if (!BeginWrite(out ChunkList chunks, out Chunk* filling, out int room))
        {
            if (many is null ? buffer.IsEmpty : many.All(static one => one.IsEmpty))
            {
                return Waiter<int>.Over(0);
            }

            Waiter<int>? waiter = null;
            using (_gate.Enter())
            {
                CheckWriter();
                if (!HasRoom)
                {
                    waiter = Waiter<int>.Rent(_writeQueue ??= new UringWriteQueue(this), cancellationToken);
                    waiter.ResumeOn(_driver.Executor);
                    _writer = waiter;
                    _from = buffer;
                    _fromMany = many;
                    _isWriting = true;
                }
            }

            // Or else what was in the way has been sent meanwhile.
            return waiter?.AsValueTask() ?? Write(buffer, many, cancellationToken);
        }

        int written = 0;
        Errno error = Errno.None;
        try
        {
            // Nothing is before it, and either it is so large that copying it would be a waste, or the owner would have to be woken.
            if (room == MostQueued && many is null && (buffer.Length > ChunkPool.Size || !_driver.IsOwner))
            {
                written = SendAtOnce(buffer.Span, out error);
            }

            if (written == 0 && error == Errno.None)
            {
                written = Fill(buffer, many, ref chunks, ref filling, ref room);
            }
        }
        finally
        {
            EndWrite(ref chunks, filling, error);
        }

        return error == Errno.None ? Waiter<int>.Over(written) : throw Failed(error);
    }

    /// <summary>Whether nothing more will come.</summary>
    private bool IsOver => _hasEnded || _receiveError != Errno.None;

    /// <summary>Why nothing more can be written. A reset is told once, to whoever reads or writes next; from then on the pipe is broken, as in the system.</summary>
    private Errno WriteError => _sendError != Errno.None ? _sendError
        : _isShut || _receiveError != Errno.None ? Errno.BrokenPipe
        : Errno.None;

    private bool HasRoom => _out.Count + (_filling is null ? 0 : 1) < MostQueued || _filling is not null;

    /// <summary>
    /// The caller becomes the one who writes. False: there is no room, and it does not. The owner looks first whether the kernel would take what is
    /// queued: then there is room as long as the system has some.
    /// </summary>
    /// <param name="chunks">Where it puts what is full.</param>
    /// <param name="filling">What others have begun to fill, or null.</param>
    /// <param name="room">How many chunks it may take.</param>
    private bool BeginWrite(out ChunkList chunks, out Chunk* filling, out int room) =>
        TryBeginWrite(out chunks, out filling, out room)
        || (_driver.TryTurn() && TryBeginWrite(out chunks, out filling, out room));

    private bool TryBeginWrite(out ChunkList chunks, out Chunk* filling, out int room)
    {
        chunks = default;
        filling = null;
        room = 0;
        using (_gate.Enter())
        {
            CheckWriter();
            if (!HasRoom)
            {
                return false;
            }

            _isWriting = true;
            filling = _filling;
            _filling = null;
            room = MostQueued - _out.Count - (filling is null ? 0 : 1);
            return true;
        }
    }

    private void EndWrite(ref ChunkList chunks, Chunk* filling, Errno error = Errno.None)
    {
        if (filling is not null && filling->End == 0)
        {
            _driver.Recycle(filling);
            filling = null;
        }

        Steps steps;
        using (_gate.Enter())
        {
            _isWriting = false;
            if (error != Errno.None)
            {
                _sendError = error;
            }

            if (!_isAborted && _sendError == Errno.None)
            {
                _out.Append(ref chunks);
                _filling = filling;
                filling = null;
            }

            steps = Decide();
        }

        _driver.Recycle(ref chunks);
        if (filling is not null)
        {
            _driver.Recycle(filling);
        }

        Do(steps);
    }

    private int Fill(
        ReadOnlyMemory<byte> buffer,
        IReadOnlyList<ReadOnlyMemory<byte>>? many,
        ref ChunkList chunks,
        ref Chunk* filling,
        ref int room)
    {
        if (many is null)
        {
            return Fill(buffer.Span, ref chunks, ref filling, ref room);
        }

        int written = 0;
        for (int i = 0; i < many.Count; i++)
        {
            ReadOnlySpan<byte> one = many[i].Span;
            int filled = Fill(one, ref chunks, ref filling, ref room);
            written += filled;
            if (filled < one.Length)
            {
                break;
            }
        }

        return written;
    }

    private int Fill(ReadOnlySpan<byte> bytes, ref ChunkList chunks, ref Chunk* filling, ref int room)
    {
        int written = 0;
        while (written < bytes.Length)
        {
            if (filling is null)
            {
                if (room == 0)
                {
                    break;
                }

                room--;
                filling = _driver.Chunks.Rent();
            }

            Span<byte> free = Chunk.Free(filling);
            int length = Math.Min(free.Length, bytes.Length - written);
            bytes.Slice(written, length).CopyTo(free);
            filling->End += length;
            written += length;
            if (filling->End == filling->Capacity)
            {
                chunks.Append(filling);
                filling = null;
            }
        }

        return written;
    }

    private int SendAtOnce(ReadOnlySpan<byte> bytes, out Errno error)
    {
        fixed (byte* first = bytes)
        {
            nint sent;
            do
            {
                sent = Libc.Send(_descriptor, first, bytes.Length, UringCalls.DontWait | Libc.MessageNoSignal);
                error = sent < 0 ? Libc.LastError : Errno.None;
            }
            while (error == Errno.Interrupted);
            if (error == Errno.Again)
            {
                error = Errno.None;
            }

            return (int)Math.Max(sent, 0);
        }
    }

    private void OnSent(int result)
    {
        var unused = default(ChunkList);
        Waiter<Nothing>? woken = null;
        Waiter<int>? writer = null;
        ReadOnlyMemory<byte> from = default;
        IReadOnlyList<ReadOnlyMemory<byte>>? fromMany = null;
        var chunks = default(ChunkList);
        Chunk* filling = null;
        int room = 0;
        Errno error;
        Steps steps;
        using (_gate.Enter())
        {
            _isSending = _isStoppingSend = false;
            if (result > 0)
            {
                _out.First->Start += result;
                if (_out.First->Start == _out.First->End)
                {
                    unused.Append(_out.TakeFirst());
                }
            }
            else if ((Errno)(-result) is var failure and not (Errno.Interrupted or Errno.Again or Errno.Canceled or Errno.None))
            {
                _sendError = failure;
            }

            if (_sendError != Errno.None || _isAborted)
            {
                TakeUnsent(ref unused);
            }

            error = _sendError;
            if (!_isClosed && (error != Errno.None || HasRoom))
            {
                if (_writable is { } waiting && waiting.TryClaim())
                {
                    woken = waiting;
                    _writable = null;
                    _isWriting = false;
                }

                if (_writer is { } first && first.TryClaim())
                {
                    writer = first;
                    (from, fromMany) = TakeWriter();
                    filling = _filling;
                    _filling = null;
                    room = MostQueued - _out.Count - (filling is null ? 0 : 1);
                }
            }

            steps = Decide();
        }

        _driver.Recycle(ref unused);
        if (writer is not null)
        {
            Collect(writer, from, fromMany, ref chunks, filling, room, error);
        }

        woken?.Complete(default);

        Do(steps);
    }

    /// <summary>There is room: copies from who waits, and ends its wait.</summary>
    private void Collect(
        Waiter<int> writer,
        ReadOnlyMemory<byte> from,
        IReadOnlyList<ReadOnlyMemory<byte>>? fromMany,
        ref ChunkList chunks,
        Chunk* filling,
        int room,
        Errno error)
    {
        int written = 0;
        Exception? failure = error == Errno.None ? null : Failed(error);
        if (failure is null)
        {
            try
            {
                written = Fill(from, fromMany, ref chunks, ref filling, ref room);
            }
            catch (Exception e)
            {
                failure = e; // the user's memory is gone
            }
        }

        EndWrite(ref chunks, filling);
        if (failure is null)
        {
            writer.Complete(written);
        }
        else
        {
            writer.Fail(failure);
        }
    }

    /// <summary>Under the gate.</summary>
    private (ReadOnlyMemory<byte> From, IReadOnlyList<ReadOnlyMemory<byte>>? FromMany) TakeWriter()
    {
        (ReadOnlyMemory<byte> From, IReadOnlyList<ReadOnlyMemory<byte>>? FromMany) source = (_from, _fromMany);
        _writer = null;
        _from = default;
        _fromMany = null;
        return source;
    }

    /// <summary>Under the gate: what has been written and will not be sent, without what is in the hands of the kernel.</summary>
    private void TakeUnsent(ref ChunkList unsent)
    {
        ChunkList rest = _out.TakeAll();
        if (_isSending)
        {
            _out.Append(rest.TakeFirst());
        }

        unsent.Append(ref rest);
        if (_filling is not null)
        {
            unsent.Append(_filling);
            _filling = null;
        }
    }

    /// <summary>
    /// Under the gate, closed: bytes have come that nobody will read. As the system does, the connection is reset then, and what has not been sent
    /// is dropped: the other end may wait for us to read before it reads, for ever.
    /// </summary>
    private void LeaveUnread(ref ChunkList unsent)
    {
        _isUnread = true;
        _isAborted = true;
        TakeUnsent(ref unsent);
    }

    private void Close(bool aborts)
    {
        Waiter<int>? reader = null;
        Waiter<int>? writer = null;
        var others = default(WaiterList<Nothing>);
        var unused = default(ChunkList);
        Steps steps;
        using (_gate.Enter())
        {
            if (_isClosed && (!aborts || _isAborted))
            {
                return;
            }

            _isClosed = true;
            _isAborted |= aborts;
            if (_reader is { } first && first.TryClaim())
            {
                reader = first;
                _reader = null;
                _into = default;
                EndRead();
            }

            if (_readable is { } waiting && waiting.TryClaim())
            {
                _readable = null;
                EndRead();
                others.Add(waiting);
            }

            if (_writer is { } last && last.TryClaim())
            {
                writer = last;
                TakeWriter();
                _isWriting = false;
            }

            while (_cases.TryPopClaimed(out Waiter<Nothing>? branch))
            {
                others.Add(branch);
            }

            if (_writable is { } writable && writable.TryClaim())
            {
                _writable = null;
                _isWriting = false;
                others.Add(writable);
            }

            bool unread = !_in.IsEmpty;
            unused = _in.TakeAll();
            if (unread)
            {
                LeaveUnread(ref unused);
            }
            else if (_isAborted)
            {
                TakeUnsent(ref unused);
            }

            steps = Decide();
        }

        _driver.Recycle(ref unused);
        reader?.Fail(Closed());
        writer?.Fail(Closed());
        while (others.TryPop(out Waiter<Nothing>? other))
        {
            other.Fail(Closed());
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

        Steps steps = Wanted();
        if (steps == Steps.None)
        {
            return steps;
        }

        // What needs the ring is the owner's.
        if ((steps & ~(Steps.Shutdown | Steps.Finish)) != 0 && !_driver.IsOwner)
        {
            return Steps.Post;
        }

        if ((steps & Steps.Receive) != 0)
        {
            _receiving = Receiving.Always;
        }

        if ((steps & Steps.ReceiveOnce) != 0)
        {
            _receiving = Receiving.Once;
        }

        if ((steps & Steps.Send) != 0)
        {
            if (_out.IsEmpty)
            {
                _out.Append(_filling);
                _filling = null;
            }

            _isSending = true;
        }

        _isStopping |= (steps & Steps.StopReceiving) != 0;
        _isStoppingSend |= (steps & Steps.StopSending) != 0;
        if ((steps & Steps.Shutdown) != 0)
        {
            _isShutDone = true;
            _uses++;
        }

        _isFinished = (steps & Steps.Finish) != 0;
        return steps;
    }

    private Steps Wanted()
    {
        if (_driver.IsAbandoned)
        {
            return _isClosed && _uses == 0 && !_isReading && !_isWriting ? Steps.Finish : Steps.None;
        }

        var steps = Steps.None;
        bool isEmpty = _out.IsEmpty && _filling is null;
        bool sends = !_isAborted && (_isSending || !isEmpty);
        if (_receiving != Receiving.Not)
        {
            bool stops = (_isClosed && !sends) || (_receiving == Receiving.Always && _in.Count >= MostHeld);
            steps |= stops && !_isStopping ? Steps.StopReceiving : Steps.None;
        }
        else if (_isClosed)
        {
            // What was written is still being sent. Should bytes come, nobody reads them: see LeaveUnread.
            steps |= !sends || IsOver || _isReading ? Steps.None : _isStarved ? Steps.ReceiveOnce : Steps.Receive;
        }
        else if (_in.IsEmpty && !IsOver)
        {
            // Not while the one who reads asks the system itself: bytes would overtake each other.
            bool waits = _reader is not null || _readable is not null || (!_isReading && !_cases.IsEmpty);
            steps |= !waits ? Steps.None : _isStarved ? Steps.ReceiveOnce : Steps.Receive;
        }

        if (_isSending)
        {
            steps |= _isAborted && !_isStoppingSend ? Steps.StopSending : Steps.None;
        }
        else if (!isEmpty)
        {
            steps |= Steps.Send;
        }
        else if (_isShut && !_isShutDone && !_isWriting && !_isClosed)
        {
            steps |= Steps.Shutdown;
        }

        bool isIdle = _receiving == Receiving.Not && !_isSending && isEmpty && !_isReading && !_isWriting && _uses == 0;
        return steps | (_isClosed && isIdle ? Steps.Finish : Steps.None);
    }

    /// <summary>Outside the gate.</summary>
    private void Do(Steps steps)
    {
        if (steps == Steps.None)
        {
            return;
        }

        if ((steps & Steps.Post) != 0)
        {
            _driver.Post(this);
            return;
        }

        if ((steps & Steps.Receive) != 0)
        {
            UringSubmission* entry = _driver.Prepare(UringOperation.Receive, this);
            entry->Opcode = UringAbi.OpReceive;
            entry->Descriptor = _descriptor;
            entry->Priority = UringAbi.ReceiveMultishot;
            entry->Flags = UringAbi.SelectsBuffer;
        }

        if ((steps & Steps.ReceiveOnce) != 0)
        {
            _single = _driver.Chunks.Rent();
            UringSubmission* entry = _driver.Prepare(UringOperation.Receive, this);
            entry->Opcode = UringAbi.OpReceive;
            entry->Descriptor = _descriptor;
            entry->Address = (ulong)Chunk.Memory(_single);
            entry->Length = ChunkPool.Size;
        }

        if ((steps & Steps.StopReceiving) != 0)
        {
            _driver.Cancel(UringOperation.Receive, this);
        }

        if ((steps & Steps.Send) != 0)
        {
            // The first is ours alone while it is being sent. WaitAll: the kernel goes on with the rest by itself.
            Chunk* chunk = _out.First;
            UringSubmission* entry = _driver.Prepare(UringOperation.Send, this);
            entry->Opcode = UringAbi.OpSend;
            entry->Descriptor = _descriptor;
            entry->Address = (ulong)(Chunk.Memory(chunk) + chunk->Start);
            entry->Length = (uint)(chunk->End - chunk->Start);
            entry->OperationFlags = Libc.MessageNoSignal | UringCalls.WaitAll;
        }

        if ((steps & Steps.StopSending) != 0)
        {
            _driver.Cancel(UringOperation.Send, this);
        }

        if ((steps & Steps.Shutdown) != 0)
        {
            const int Send = 1;
            _ = Libc.Shutdown(_descriptor, Send); // fails when the other end is gone: then there is nobody to tell
            AfterUse();
        }

        if ((steps & Steps.Finish) != 0)
        {
            _driver.Strike(this);
            if (_isAborted || _isUnread)
            {
                Reset(_descriptor);
            }
            else
            {
                _ = Libc.Close(_descriptor);
            }
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

    private void CheckReader()
    {
        CheckOpen();
        if (_isReading)
        {
            throw InUse("reads");
        }
    }

    private void CheckWriter()
    {
        CheckOpen();
        if (_isWriting)
        {
            throw InUse("writes");
        }

        if (WriteError != Errno.None)
        {
            throw Failed(WriteError);
        }
    }

    private void CheckOpen()
    {
        if (_isClosed)
        {
            throw Closed();
        }
    }

    private InvalidOperationException InUse([ConstantExpected] string what) => new(
        $"Another operation {what} on the connection with {Peer} already. One at a time in each direction: await it first.");

    private SocketException ReadFailed() => _receiveError.ToException($"Read from {Peer}");

    private SocketException Failed(Errno error) => error.ToException($"Write to {Peer}");

    private ObjectDisposedException Closed() => new(ToString(), $"The connection with {Peer} was closed on this side.");
}
