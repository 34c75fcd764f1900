using Treeline.Drivers.Linux;

namespace Treeline.Drivers.Epoll;

/// <summary>Reading from a connection.</summary>
internal sealed class EpollReading(EpollSocket socket) : EpollOperation<int>(socket, ready: false)
{
    private Memory<byte> _buffer;
    private int _flags;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, bool peek, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        Enter();
        if (buffer.IsEmpty)
        {
            LeaveAtOnce();
            return Waiter<int>.Over(0);
        }

        _buffer = buffer;
        _flags = peek ? Libc.MessagePeek : 0;
        return Start(cancellationToken);
    }

    /// <summary>Reads what is there. False: nothing is.</summary>
    public unsafe bool TryRead(Span<byte> buffer, out int read)
    {
        Enter();
        if (buffer.IsEmpty)
        {
            LeaveAtOnce();
            read = 0;
            return true;
        }

        fixed (byte* start = buffer)
        {
            _direct = start;
            _directLength = buffer.Length;
            _flags = 0;
            return TryNow(out read);
        }
    }

    public override string ToString() => $"read from {Socket}";

    protected override unsafe Errno Attempt(out int result, out bool more)
    {
        nint read;
        int length;
        if (_direct is not null)
        {
            length = _directLength;
            read = Libc.Receive(Socket.Descriptor, _direct, length, _flags);
        }
        else
        {
            Span<byte> buffer = _buffer.Span;
            length = buffer.Length;
            fixed (byte* start = buffer)
            {
                read = Libc.Receive(Socket.Descriptor, start, length, _flags);
            }
        }

        result = (int)read;
        if (read < 0)
        {
            more = true; // an error may be told once, and what follows it without another event
            return Libc.LastError;
        }

        // A short read has emptied the socket: the next bytes are an event of their own. What was only looked at is there still, and the end
        // of the stream for ever.
        more = read == length || read == 0 || _flags != 0;
        return Errno.None;
    }

    protected override unsafe void Forget()
    {
        _buffer = default;
        _direct = null;
    }

    // The caller's own memory, for an attempt that does not wait: set and forgotten while that has it pinned.
    private unsafe byte* _direct;
    private int _directLength;
}
