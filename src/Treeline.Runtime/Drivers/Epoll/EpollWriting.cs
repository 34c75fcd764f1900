using System.Buffers;
using Treeline.Drivers.Linux;

namespace Treeline.Drivers.Epoll;

/// <summary>Writing to a connection; before that, making it.</summary>
internal sealed class EpollWriting(EpollSocket socket, bool connected) : EpollOperation<int>(socket, ready: connected)
{
    // As many as Linux takes in one call (UIO_MAXIOV) would not fit the stack.
    private const int MostVectors = 64;

    private ReadOnlyMemory<byte> _buffer;
    private IReadOnlyList<ReadOnlyMemory<byte>>? _buffers;
    private bool _connects;

    // The caller's own memory, for an attempt that does not wait: set and forgotten while that has it pinned.
    private unsafe byte* _direct;
    private int _directLength;

    public ValueTask<int> WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
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
        return Start(cancellationToken);
    }

    public ValueTask<int> WriteAsync(IReadOnlyList<ReadOnlyMemory<byte>> buffers, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        Enter();
        if (IsEmpty(buffers))
        {
            LeaveAtOnce();
            return Waiter<int>.Over(0);
        }

        _buffers = buffers;
        return Start(cancellationToken);
    }

    /// <summary>Waits until the connection that has been begun is there.</summary>
    public ValueTask<int> ConnectAsync(CancellationToken cancellationToken)
    {
        Enter();
        _connects = true;
        return Start(cancellationToken);
    }

    public unsafe bool TryWrite(ReadOnlySpan<byte> buffer, out int written)
    {
        Enter();
        if (buffer.IsEmpty)
        {
            LeaveAtOnce();
            written = 0;
            return true;
        }

        fixed (byte* start = buffer)
        {
            _direct = start;
            _directLength = buffer.Length;
            return TryNow(out written);
        }
    }

    public override string ToString() => _connects ? $"connect to {Socket}" : $"write to {Socket}";

    protected override unsafe Errno Attempt(out int result, out bool more)
    {
        more = true;
        if (_connects)
        {
            result = 0;
            return AttemptConnect();
        }

        nint written;
        nint length;
        if (_buffers is { } buffers)
        {
            Errno error = SendAll(buffers, out written, out length);
            result = (int)written;
            more = written < 0 || written == length;
            return error;
        }

        if (_direct is not null)
        {
            length = _directLength;
            written = Libc.Send(Socket.Descriptor, _direct, length, Libc.MessageNoSignal);
        }
        else
        {
            ReadOnlySpan<byte> buffer = _buffer.Span;
            length = buffer.Length;
            fixed (byte* start = buffer)
            {
                written = Libc.Send(Socket.Descriptor, start, length, Libc.MessageNoSignal);
            }
        }

        result = (int)written;
        if (written < 0)
        {
            return Libc.LastError;
        }

        more = written == length; // else its buffer is full, and that it has room again is an event of its own
        return Errno.None;
    }

    protected override unsafe void Forget()
    {
        _buffer = default;
        _buffers = null;
        _direct = null;
    }

    private static bool IsEmpty(IReadOnlyList<ReadOnlyMemory<byte>> buffers)
    {
        for (int i = 0; i < buffers.Count; i++)
        {
            if (!buffers[i].IsEmpty)
            {
                return false;
            }
        }

        return true;
    }

    private unsafe Errno AttemptConnect()
    {
        int error;
        int size = sizeof(int);
        if (Libc.GetOption(Socket.Descriptor, level: 1, name: 4, &error, &size) != 0) // SOL_SOCKET, SO_ERROR
        {
            return Libc.LastError;
        }

        if (error != 0)
        {
            return (Errno)error;
        }

        // An event may come too early: then the other end has no name yet.
        byte* name = stackalloc byte[SocketAddresses.Capacity];
        size = SocketAddresses.Capacity;
        if (Libc.GetRemoteName(Socket.Descriptor, name, &size) != 0)
        {
            return Libc.LastError is var missing && missing == Errno.NotConnected ? Errno.Again : missing;
        }

        _connects = false;
        return Errno.None;
    }

    private unsafe Errno SendAll(IReadOnlyList<ReadOnlyMemory<byte>> buffers, out nint written, out nint length)
    {
        int count = Math.Min(buffers.Count, MostVectors);
        IoVector* vectors = stackalloc IoVector[count];
        var pins = new MemoryHandle[count];
        length = 0;
        try
        {
            for (int i = 0; i < count; i++)
            {
                pins[i] = buffers[i].Pin();
                vectors[i] = new IoVector { Base = (byte*)pins[i].Pointer, Length = buffers[i].Length };
                length += buffers[i].Length;
            }

            var message = new MessageHeader { Vectors = vectors, VectorCount = count };
            written = Libc.SendMessage(Socket.Descriptor, &message, Libc.MessageNoSignal);
            return written < 0 ? Libc.LastError : Errno.None; // here: letting go of the buffers may run code that changes it
        }
        finally
        {
            foreach (MemoryHandle pin in pins)
            {
                pin.Dispose();
            }
        }
    }
}
