using System.Net.Sockets;

namespace Treeline.IO;

/// <summary>
/// One direction of an in-memory connection: a ring of bytes between one who writes and one who reads. A simulated network
/// makes it slow and unreliable by overriding how what is written <see cref="Carry">travels</see>.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Every field belongs to <c>_gate</c>, but for the contents of the ring: positions only grow, <c>_head ≤ _arrived
/// ≤ _tail ≤ _head + capacity</c>, and bytes are copied outside the gate. From <c>_head</c> to <c>_arrived</c> they belong to whoever
/// has set <c>_isReading</c>, from <c>_tail</c> on to whoever has set <c>_isWriting</c>; both set it under the gate and move
/// the position under the gate when they are done, which orders the memory.
/// <para>
/// <b>Waiting.</b> At most one waiter reads and one writes; their places are <c>_reader</c> and <c>_writer</c>. Whoever changes
/// something calls <see cref="Settle"/>, which claims who can go on, under the gate, copies its bytes and completes it outside.
/// A claimed waiter is out of its place, but the lane is still its own until its bytes are copied. One that gives up leaves its
/// place, and no byte has moved.
/// </para>
/// <para>
/// <b>Ends.</b> What has arrived can be read whatever comes after; then the end of the stream counts, then an error. So a reader sees
/// the same whether it was quick or slow. Closing either end counts before all else for who works at that end.
/// </para>
/// </remarks>
internal class DuplexLane
{
    private readonly int _capacity;
    private Gate _gate;
    private byte[]? _ring;
    private long _head;
    private long _arrived;
    private long _tail;

    // What the writing end has said, and what the reading end knows of it.
    private bool _isEnded;
    private bool _endHasArrived;
    private bool _endFollowsWrite;

    // How the ends ended. An error of the one that reads comes with what arrives; that of the one that writes from the lane back.
    private bool _readerIsClosed;
    private bool _writerIsClosed;
    private bool _hasBounced;
    private SocketError _readError;
    private SocketError _writeError;

    // Who is at it or waits.
    private bool _isReading;
    private bool _isWriting;
    private Waiter<int>? _reader;
    private Memory<byte> _into;
    private bool _peeks;
    private Waiter<int>? _writer;
    private DuplexWrite _from;
    private Waiter<Nothing>? _readable;
    private Waiter<Nothing>? _writable;

    /// <summary>Makes a lane.</summary>
    /// <param name="capacity">How many bytes it holds.</param>
    /// <param name="from">What the end that writes is called.</param>
    /// <param name="to">What the end that reads is called.</param>
    public DuplexLane(int capacity, string from, string to)
    {
        _capacity = capacity;
        From = from;
        To = to;
        ReadSide = new DuplexReadSide(this, from);
        WriteSide = new DuplexWriteSide(this, to);
    }

    private enum Step
    {
        Done,
        Read,
        Write,
        Failed,
        Again,
    }

    /// <summary>The end that writes, for people.</summary>
    public string From { get; }

    /// <summary>The end that reads, for people.</summary>
    public string To { get; }

    /// <summary>What the one who reads waits for.</summary>
    public DuplexReadSide ReadSide { get; }

    /// <summary>Whether bytes have arrived that nobody has read.</summary>
    public bool HasUnread
    {
        get
        {
            using (_gate.Enter())
            {
                return _arrived > _head && _readError == SocketError.Success;
            }
        }
    }

    /// <summary>The other direction of the connection.</summary>
    internal DuplexLane Back { get; private set; } = null!;

    private DuplexWriteSide WriteSide { get; }

    private int Free => (int)(_capacity - (_tail - _head));

    private bool CanRead => _arrived > _head || _endHasArrived || _readError != SocketError.Success || _readerIsClosed;

    private bool CanWrite => Free > 0 || WriteEnd != SocketError.Success || _writerIsClosed;

    // A connection in memory knows at once that nobody is going to read; one that travels learns it by what comes back.
    private SocketError WriteEnd =>
        _writeError != SocketError.Success ? _writeError
        : _isEnded || (IsDirect && _readerIsClosed) ? SocketError.Shutdown
        : SocketError.Success;

    /// <summary>True: what is written has arrived.</summary>
    internal virtual bool IsDirect => true;

    /// <summary>Makes a connection of two directions.</summary>
    public static void Join(DuplexLane one, DuplexLane other) => (one.Back, other.Back) = (other, one);

    /// <summary>See <see cref="Net.StreamSocket.ReadAsync"/> and <see cref="Net.StreamSocket.PeekAsync"/>.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, bool peek, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        Span<byte> span = buffer.Span; // now: memory of the user's own may throw
        Waiter<int>? waiter = null;
        bool busy;
        bool closed;
        int count = 0;
        SocketError error = SocketError.Success;
        using (_gate.Enter())
        {
            closed = _readerIsClosed;
            busy = _isReading || _reader is not null || _readable is not null;
            if (!closed && !busy && buffer.Length > 0 && !TryBeginRead(buffer.Length, out count, out error))
            {
                waiter = Waiter<int>.Rent(ReadSide, cancellationToken);
                waiter.ResumeOn(Executor.Current);
                _reader = waiter;
                _into = buffer;
                _peeks = peek;
            }
        }

        ThrowIf(closed, busy, "reads");
        if (waiter is not null)
        {
            return waiter.AsValueTask();
        }

        if (count > 0)
        {
            Read(span[..count], peek);
        }

        return error == SocketError.Success ? Waiter<int>.Over(count) : ValueTask.FromException<int>(ReadFailure(error));
    }

    /// <summary>See <see cref="Net.StreamSocket.TryRead"/>.</summary>
    public bool TryRead(Span<byte> buffer, out int read)
    {
        bool busy;
        bool closed;
        bool can = true;
        read = 0;
        SocketError error = SocketError.Success;
        using (_gate.Enter())
        {
            closed = _readerIsClosed;
            busy = _isReading || _reader is not null || _readable is not null;
            if (!closed && !busy && buffer.Length > 0)
            {
                can = TryBeginRead(buffer.Length, out read, out error);
            }
        }

        ThrowIf(closed, busy, "reads");
        if (read > 0)
        {
            Read(buffer[..read], peek: false);
        }

        return error == SocketError.Success ? can : throw ReadFailure(error);
    }

    /// <summary>See <see cref="Net.StreamSocket.ReadableAsync"/>.</summary>
    public ValueTask ReadableAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Waiter<Nothing>? waiter = null;
        bool busy;
        bool closed;
        using (_gate.Enter())
        {
            closed = _readerIsClosed;
            busy = _isReading || _reader is not null || _readable is not null;
            if (!closed && !busy && !CanRead)
            {
                _readable = waiter = Waiter<Nothing>.Rent(ReadSide, cancellationToken);
                waiter.ResumeOn(Executor.Current);
            }
        }

        ThrowIf(closed, busy, "reads");
        return waiter is null ? Waiter<Nothing>.Over() : waiter.AsVoidValueTask();
    }

    /// <summary>See <see cref="Net.StreamSocket.WriteAsync"/> and its like.</summary>
    public ValueTask<int> WriteAsync(in DuplexWrite write, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        Waiter<int>? waiter = null;
        bool busy;
        bool closed;
        int count = 0;
        SocketError error = SocketError.Success;
        long position;
        using (_gate.Enter())
        {
            closed = _writerIsClosed;
            busy = _isWriting || _writer is not null || _writable is not null;
            position = _tail;
            if (!closed && !busy && !TryBeginWrite(write.Length, out count, out error))
            {
                waiter = Waiter<int>.Rent(WriteSide, cancellationToken);
                waiter.ResumeOn(Executor.Current);
                _writer = waiter;
                _from = write;
            }
        }

        ThrowIf(closed, busy, "writes");
        if (waiter is not null)
        {
            return waiter.AsValueTask();
        }

        if (count > 0)
        {
            Write(write, position, count);
        }

        return error == SocketError.Success ? Waiter<int>.Over(count) : ValueTask.FromException<int>(WriteFailure(error));
    }

    /// <summary>See <see cref="Net.StreamSocket.TryWrite"/>.</summary>
    public bool TryWrite(ReadOnlySpan<byte> buffer, out int written)
    {
        bool busy;
        bool closed;
        bool can = true;
        written = 0;
        SocketError error = SocketError.Success;
        long position;
        using (_gate.Enter())
        {
            closed = _writerIsClosed;
            busy = _isWriting || _writer is not null || _writable is not null;
            position = _tail;
            if (!closed && !busy)
            {
                can = TryBeginWrite(buffer.Length, out written, out error);
            }
        }

        ThrowIf(closed, busy, "writes");
        if (written > 0)
        {
            DuplexWrite.Put(buffer[..written], Ring, position);
            EndWrite(written);
        }

        return error == SocketError.Success ? can : throw WriteFailure(error);
    }

    /// <summary>See <see cref="Net.StreamSocket.WritableAsync"/>.</summary>
    public ValueTask WritableAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Waiter<Nothing>? waiter = null;
        bool busy;
        bool closed;
        using (_gate.Enter())
        {
            closed = _writerIsClosed;
            busy = _isWriting || _writer is not null || _writable is not null;
            if (!closed && !busy && !CanWrite)
            {
                _writable = waiter = Waiter<Nothing>.Rent(WriteSide, cancellationToken);
                waiter.ResumeOn(Executor.Current);
            }
        }

        ThrowIf(closed, busy, "writes");
        return waiter is null ? Waiter<Nothing>.Over() : waiter.AsVoidValueTask();
    }

    /// <summary>There will be no more bytes. Who waits to write fails.</summary>
    public void End()
    {
        using (_gate.Enter())
        {
            ObjectDisposedException.ThrowIf(_writerIsClosed, typeof(Net.StreamSocket));
            if (_isEnded || _writeError != SocketError.Success)
            {
                return;
            }

            _isEnded = true;
            _endFollowsWrite = _isWriting;
            if (_endFollowsWrite)
            {
                return;
            }
        }

        Send(DuplexNews.End);
        Settle();
    }

    /// <summary>The end that writes is closed: no more bytes, or none at all. Who waits there has the socket disposed under it.</summary>
    public void CloseWriter(bool reset)
    {
        bool ends;
        using (_gate.Enter())
        {
            if (_writerIsClosed)
            {
                return;
            }

            _writerIsClosed = true;
            ends = !reset && !_isEnded && _writeError == SocketError.Success;
            _isEnded = true;
            if (ends && _isWriting)
            {
                _endFollowsWrite = true;
                ends = false;
            }
        }

        if (reset)
        {
            Send(DuplexNews.Reset);
        }
        else if (ends)
        {
            Send(DuplexNews.End);
        }

        Settle();
    }

    /// <summary>The end that reads is closed; see <see cref="CloseWriter"/>.</summary>
    /// <returns>True: bytes were left unread, which the other end hears of by a reset.</returns>
    public bool CloseReader()
    {
        bool unread;
        using (_gate.Enter())
        {
            if (_readerIsClosed)
            {
                return false;
            }

            _readerIsClosed = true;
            unread = _arrived > _head && _readError == SocketError.Success;
        }

        Settle();
        return unread;
    }

    /// <summary>Nothing goes over the lane any more: what fails here fails with <paramref name="error"/>.</summary>
    public void Break(SocketError error, bool reader)
    {
        using (_gate.Enter())
        {
            ref SocketError end = ref reader ? ref _readError : ref _writeError;
            if (end == SocketError.Success)
            {
                end = error;
            }
        }

        Settle();
    }

    /// <summary>Puts a case of a select in: it counts as who reads.</summary>
    public void EnterReadable(Waiter<Nothing> branch)
    {
        bool busy;
        bool closed;
        using (_gate.Enter())
        {
            closed = _readerIsClosed;
            busy = _isReading || _reader is not null || _readable is not null;
            if (!closed && !busy && !CanRead)
            {
                _readable = branch;
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }
        }

        if (busy && !closed)
        {
            branch.Fail(Busy("reads"));
        }
        else
        {
            Signal(branch, closed);
        }
    }

    /// <summary>Who waits to read gives up.</summary>
    public void RemoveReader(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            if (ReferenceEquals(_reader, waiter))
            {
                _reader = null;
                _into = default;
            }
            else if (ReferenceEquals(_readable, waiter))
            {
                _readable = null;
            }
        }
    }

    /// <summary>Who waits to write gives up.</summary>
    public void RemoveWriter(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            if (ReferenceEquals(_writer, waiter))
            {
                _writer = null;
                _from = default;
            }
            else if (ReferenceEquals(_writable, waiter))
            {
                _writable = null;
            }
        }
    }

    /// <summary>Takes along what the writing end says. It arrives in order, once, if at all. No gate is held.</summary>
    /// <param name="news">What.</param>
    /// <param name="position">How many bytes had been written by then.</param>
    internal virtual void Carry(DuplexNews news, long position) => Arrive(news, position);

    /// <summary>What the writing end said has come to the reading end. Positions may come in any order; the furthest counts.</summary>
    internal void Arrive(DuplexNews news, long position)
    {
        bool bounces = false;
        bool afterEnd = false;
        using (_gate.Enter())
        {
            if (news == DuplexNews.Reset)
            {
                afterEnd = _endHasArrived;
                if (_readError == SocketError.Success)
                {
                    _readError = SocketError.ConnectionReset;
                }
            }
            else
            {
                bool isNew = position > _arrived;
                _arrived = Math.Max(_arrived, position);
                _endHasArrived |= news == DuplexNews.End;
                if (isNew && (_readerIsClosed || _readError != SocketError.Success))
                {
                    // Nobody is going to read this: whoever wrote it hears so, as from TCP.
                    bounces = !_hasBounced;
                    _hasBounced = true;
                }
            }
        }

        Settle();
        if (news == DuplexNews.Reset)
        {
            // Who has read the end of the stream, and writes on, hears that nobody reads; as from Linux (tcp_reset).
            Back.Break(afterEnd ? SocketError.Shutdown : SocketError.ConnectionReset, reader: false);
        }
        else if (bounces)
        {
            Back.Send(DuplexNews.Reset);
        }
    }

    /// <summary>Says something in the name of the writing end.</summary>
    public void Send(DuplexNews news)
    {
        long position;
        using (_gate.Enter())
        {
            position = _tail;
        }

        Carry(news, position);
    }

    private byte[] Ring => _ring!;

    // Under the gate, by one who finds nobody else reading. False: it has to wait.
    private bool TryBeginRead(long wanted, out int count, out SocketError error)
    {
        error = SocketError.Success;
        count = (int)Math.Min(wanted, _arrived - _head);
        if (count > 0)
        {
            _isReading = true;
            return true;
        }

        if (!_endHasArrived)
        {
            error = _readError;
        }

        return _endHasArrived || error != SocketError.Success;
    }

    // Under the gate, by one who finds nobody else writing. False: it has to wait.
    private bool TryBeginWrite(long wanted, out int count, out SocketError error)
    {
        count = 0;
        error = WriteEnd;
        if (error != SocketError.Success || wanted == 0)
        {
            return true;
        }

        count = (int)Math.Min(wanted, Free);
        if (count == 0)
        {
            return false;
        }

        _ring ??= new byte[_capacity];
        _isWriting = true;
        return true;
    }

    /// <summary>Copies what has arrived to whoever has begun to read.</summary>
    private void Read(Span<byte> into, bool peek)
    {
        CopyOut(into);
        EndRead(into.Length, peek);
        Settle();
    }

    private void CopyOut(Span<byte> into)
    {
        // Positions of what is being read do not move.
        byte[] ring = Ring;
        int at = (int)(_head % ring.Length);
        int first = Math.Min(into.Length, ring.Length - at);
        ring.AsSpan(at, first).CopyTo(into);
        ring.AsSpan(0, into.Length - first).CopyTo(into[first..]);
    }

    private void EndRead(int count, bool peek)
    {
        using (_gate.Enter())
        {
            _isReading = false;
            _head += peek ? 0 : count;
        }
    }

    /// <summary>Takes over what somebody who has begun to write brings.</summary>
    private void Write(in DuplexWrite write, long position, int count)
    {
        int copied = 0;
        try
        {
            write.CopyTo(Ring, position, count);
            copied = count;
        }
        finally
        {
            EndWrite(copied); // nothing, if memory of the user's own throws
        }
    }

    private void EndWrite(int count)
    {
        long position;
        bool ends;
        using (_gate.Enter())
        {
            _isWriting = false;
            position = _tail += count;
            ends = _endFollowsWrite;
            _endFollowsWrite = false;
        }

        if (count > 0)
        {
            Carry(DuplexNews.Bytes, position);
        }

        if (ends)
        {
            Carry(DuplexNews.End, position);
        }

        Settle();
    }

    /// <summary>Lets go on who can, until nobody can.</summary>
    private void Settle()
    {
        while (true)
        {
            Waiter<int>? claimed = null;
            Memory<byte> into = default;
            DuplexWrite from = default;
            bool peeks = false;
            int count = 0;
            long position = 0;
            SocketError error = SocketError.Success;
            bool closed = false;
            bool reads = false;
            bool readerIsClosed;
            bool writerIsClosed;
            Waiter<Nothing>? readable = null;
            Waiter<Nothing>? writable = null;
            Step step;
            using (_gate.Enter())
            {
                readerIsClosed = _readerIsClosed;
                writerIsClosed = _writerIsClosed;
                if (_reader is not null && !_isReading && CanRead)
                {
                    claimed = _reader;
                    (into, peeks, closed, reads) = (_into, _peeks, _readerIsClosed, true);
                    (_reader, _into) = (null, default);
                    step = !claimed.TryClaim() ? Step.Again
                        : closed || !TryBeginRead(into.Length, out count, out error) || error != SocketError.Success ? Step.Failed
                        : Step.Read;
                }
                else if (_writer is not null && !_isWriting && CanWrite)
                {
                    claimed = _writer;
                    (from, closed, position) = (_from, _writerIsClosed, _tail);
                    (_writer, _from) = (null, default);
                    step = !claimed.TryClaim() ? Step.Again
                        : closed || !TryBeginWrite(from.Length, out count, out error) || error != SocketError.Success ? Step.Failed
                        : Step.Write;
                }
                else
                {
                    step = Step.Done;
                    if (CanRead)
                    {
                        readable = Claim(ref _readable);
                    }

                    if (CanWrite)
                    {
                        writable = Claim(ref _writable);
                    }
                }
            }

            switch (step)
            {
                case Step.Read when count == 0:
                    claimed!.Complete(0);
                    break;
                case Step.Read:
                    Serve(claimed!, into, count, peeks);
                    break;
                case Step.Write:
                    Serve(claimed!, from, position, count);
                    break;
                case Step.Failed:
                    claimed!.Fail(closed ? Disposed() : reads ? ReadFailure(error) : WriteFailure(error));
                    break;
            }

            if (readable is not null)
            {
                Signal(readable, readerIsClosed);
            }

            if (writable is not null)
            {
                Signal(writable, writerIsClosed);
            }

            if (step == Step.Done)
            {
                return;
            }
        }
    }

    private static Waiter<Nothing>? Claim(ref Waiter<Nothing>? place)
    {
        Waiter<Nothing>? waiter = place;
        place = null;
        return waiter is not null && waiter.TryClaim() ? waiter : null;
    }

    private static void Signal(Waiter<Nothing> waiter, bool closed)
    {
        if (closed)
        {
            waiter.Fail(Disposed());
        }
        else
        {
            waiter.Complete(default);
        }
    }

    private void Serve(Waiter<int> reader, Memory<byte> into, int count, bool peek)
    {
        Exception? thrown = null;
        try
        {
            CopyOut(into.Span[..count]);
        }
        catch (Exception e)
        {
            thrown = e; // memory of the user's own
        }

        EndRead(count, peek || thrown is not null);
        if (thrown is null)
        {
            reader.Complete(count);
        }
        else
        {
            reader.Fail(thrown);
        }
    }

    private void Serve(Waiter<int> writer, in DuplexWrite from, long position, int count)
    {
        try
        {
            Write(from, position, count);
        }
        catch (Exception e)
        {
            writer.Fail(e);
            return;
        }

        writer.Complete(count);
    }

    private void ThrowIf(bool closed, bool busy, string what)
    {
        if (closed)
        {
            throw Disposed();
        }

        if (busy)
        {
            throw Busy(what);
        }
    }

    private InvalidOperationException Busy(string what) => new(
        $"Somebody {what} {(what == "reads" ? $"from {From}" : $"to {To}")} already. One read and one write may be in flight at a time: "
        + "await the one before, or take turns by an AsyncMutex.");

    private static ObjectDisposedException Disposed() =>
        new(nameof(Net.StreamSocket), "This end of the connection has been disposed.");

    private SocketException ReadFailure(SocketError error) => new((int)error, $"Reading from {From} at {To}: {Reason(error, From)}");

    private SocketException WriteFailure(SocketError error) => new((int)error, $"Writing from {From} to {To}: {Reason(error, To)}");

    private static string Reason(SocketError error, string other) => error switch
    {
        SocketError.ConnectionReset => $"the connection was reset by {other}.",
        SocketError.Shutdown => "nothing can be sent any more: this end has shut down sending, or the other end was closed.",
        SocketError.TimedOut => $"nothing was heard of {other} for too long; the connection is gone.",
        SocketError.NetworkDown => "the host of this end has crashed, and its connections with it.",
        _ => $"the connection failed ({error}).",
    };
}
