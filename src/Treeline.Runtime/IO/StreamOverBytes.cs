using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Treeline.IO;

/// <summary>A <see cref="ByteStream"/>, or a half of one, as a <see cref="Stream"/>; behaves as <see cref="NetworkStream"/> does.</summary>
/// <param name="bytes">What it reads and writes.</param>
/// <param name="access">Which of the two.</param>
/// <param name="owned">What is disposed with it.</param>
internal sealed class StreamOverBytes(ByteStream bytes, FileAccess access, IDisposable owned) : Stream
{
    private int _readTimeout = Timeout.Infinite;
    private int _writeTimeout = Timeout.Infinite;
    private bool _isDisposed;

    public override bool CanRead => (access & FileAccess.Read) != 0 && !_isDisposed;

    public override bool CanWrite => (access & FileAccess.Write) != 0 && !_isDisposed;

    public override bool CanSeek => false;

    public override bool CanTimeout => true;

    /// <summary>In milliseconds; of reads that block only.</summary>
    public override int ReadTimeout
    {
        get => _readTimeout;
        set => _readTimeout = Checked(value);
    }

    /// <summary>In milliseconds; of writes that block only.</summary>
    public override int WriteTimeout
    {
        get => _writeTimeout;
        set => _writeTimeout = Checked(value);
    }

    public override long Length => throw Unseekable();

    public override long Position
    {
        get => throw Unseekable();
        set => throw Unseekable();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        CheckReads();

        // As everywhere in .NET: a read into nothing waits until there is something.
        if (buffer.IsEmpty)
        {
            return ReadableAsync(cancellationToken);
        }

        ValueTask<int> read;
        try
        {
            read = bytes.ReadAsync(buffer, cancellationToken);
        }
        catch (SocketException e)
        {
            return ValueTask.FromException<int>(ReadFailed(e));
        }

        return read.IsCompletedSuccessfully ? read : FinishReadAsync(read);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        CheckWrites();
        ValueTask written;
        try
        {
            written = bytes.WriteAsync(buffer, cancellationToken);
        }
        catch (SocketException e)
        {
            return ValueTask.FromException(WriteFailed(e));
        }

        return written.IsCompletedSuccessfully ? written : FinishWriteAsync(written);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override int Read(Span<byte> buffer)
    {
        CheckReads();
        try
        {
            int read = 0;
            if (buffer.IsEmpty)
            {
                Block(static (bytes, token) => bytes.ReadableAsync(token), _readTimeout);
                return read;
            }

            while (!bytes.TryRead(buffer, out read))
            {
                Block(static (bytes, token) => bytes.ReadableAsync(token), _readTimeout);
            }

            return read;
        }
        catch (SocketException e)
        {
            throw ReadFailed(e);
        }
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        CheckWrites();
        try
        {
            while (!buffer.IsEmpty)
            {
                if (bytes.TryWrite(buffer, out int written))
                {
                    buffer = buffer[written..];
                }
                else
                {
                    Block(static (bytes, token) => bytes.WritableAsync(token), _writeTimeout);
                }
            }
        }
        catch (SocketException e)
        {
            throw WriteFailed(e);
        }
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    /// <summary>Does nothing: what was written is the system's already.</summary>
    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw Unseekable();

    public override void SetLength(long value) => throw Unseekable();

    protected override void Dispose(bool disposing)
    {
        _isDisposed = true;
        if (disposing)
        {
            owned.Dispose();
        }

        base.Dispose(disposing);
    }

    private static int Checked(int milliseconds)
    {
        if (milliseconds != Timeout.Infinite)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(milliseconds);
        }

        return milliseconds;
    }

    private static NotSupportedException Unseekable() =>
        new("Bytes from the other end come once, in order: there is no length and no position.");

    private static IOException ReadFailed(SocketException e) => new($"Reading failed: {e.Message}", e);

    private static IOException WriteFailed(SocketException e) => new($"Writing failed: {e.Message}", e);

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private static async ValueTask<int> FinishReadAsync(ValueTask<int> read)
    {
        try
        {
            return await read.ConfigureAwait(SchedulerContext.IsCurrent);
        }
        catch (SocketException e)
        {
            throw ReadFailed(e);
        }
    }

    [AsyncMethodBuilder(typeof(OperationBuilder))]
    private static async ValueTask FinishWriteAsync(ValueTask written)
    {
        try
        {
            await written.ConfigureAwait(SchedulerContext.IsCurrent);
        }
        catch (SocketException e)
        {
            throw WriteFailed(e);
        }
    }

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private async ValueTask<int> ReadableAsync(CancellationToken cancellationToken)
    {
        try
        {
            await bytes.ReadableAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
            return 0;
        }
        catch (SocketException e)
        {
            throw ReadFailed(e);
        }
    }

    /// <summary>Blocks the thread until the wait is over, or for a time.</summary>
    private void Block(Func<ByteStream, CancellationToken, ValueTask> wait, int milliseconds)
    {
        if (WorkerThread.Current.Worker is { Scheduler.Crank.HandsOff: false })
        {
            throw new InvalidOperationException(
                "A read or write that blocks was called on a thread that has to do the work it would wait for, so that it would wait for ever: a "
                + "runtime with one thread, or with a thread to a core, has no other. Use ReadAsync and WriteAsync, or call it in SpawnBlocking.");
        }

        using CancellationTokenSource? timeout = milliseconds == Timeout.Infinite ? null : new CancellationTokenSource(milliseconds);
        try
        {
            // As a task: only that can be blocked on.
            wait(bytes, timeout?.Token ?? default).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            throw new SocketException((int)SocketError.TimedOut);
        }
    }

    private void CheckReads()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, typeof(Stream));
        if ((access & FileAccess.Read) == 0)
        {
            throw new NotSupportedException("This is the half of a stream that writes: it cannot be read.");
        }
    }

    private void CheckWrites()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, typeof(Stream));
        if ((access & FileAccess.Write) == 0)
        {
            throw new NotSupportedException("This is the half of a stream that reads: it cannot be written.");
        }
    }
}
