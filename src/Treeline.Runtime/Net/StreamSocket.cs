using System.Net;
using System.Net.Sockets;

namespace Treeline.Net;

/// <summary>
/// One end of a connection that carries bytes in order: TCP, or a Unix domain socket. What a driver, .NET's sockets and a
/// simulation each have their own of; <c>TcpStream</c> and <c>UnixStream</c> are made of it.
/// </summary>
/// <remarks>
/// <para><b>One at a time.</b> At most one operation that reads (<see cref="ReadAsync"/>, <see cref="PeekAsync"/>,
/// <see cref="ReadableAsync"/>) and one that writes may be in flight; another throws <see cref="InvalidOperationException"/> that
/// says so. A read and a write do not disturb each other.</para>
/// <para><b>Hot.</b> An operation begins when it is called; what can be had at once is had at once, and costs
/// <see cref="Budget"/>. Whoever has to wait is a <see cref="Waiter{T}"/>: it shows in the tree as what <see cref="object.ToString"/> of the
/// queue says, and plain code is resumed on the executor that the socket belongs to.</para>
/// <para><b>Cancellation.</b> A cancelled operation moved no byte; one that moved some has succeeded. A token that is cancelled
/// already cancels before anything else.</para>
/// <para><b>End.</b> <see cref="Dispose"/> may be called at any time, by anybody, more than once: operations in flight end with
/// <see cref="ObjectDisposedException"/>, and so do later ones. The other end sees the end of the stream, or a reset if bytes were
/// left unread.</para>
/// </remarks>
internal abstract class StreamSocket : IDisposable
{
    /// <summary>This end; null for a Unix socket without a name.</summary>
    public abstract EndPoint? LocalEndPoint { get; }

    /// <summary>The other end; null for a Unix socket without a name.</summary>
    public abstract EndPoint? RemoteEndPoint { get; }

    /// <summary>Reads what is there, at least one byte. 0: the other end will send no more (or the buffer is empty).</summary>
    public abstract ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>As <see cref="ReadAsync"/>, and leaves the bytes there.</summary>
    public abstract ValueTask<int> PeekAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Waits until a read would not have to wait: bytes, the end of the stream or an error. May be wrong now and then.</summary>
    public abstract ValueTask ReadableAsync(CancellationToken cancellationToken);

    /// <summary>The same as a case of a select.</summary>
    public abstract SelectCase ReadableCase();

    /// <summary>Reads what is there without waiting. False: nothing is; 0 bytes: as in <see cref="ReadAsync"/>.</summary>
    public abstract bool TryRead(Span<byte> buffer, out int read);

    /// <summary>Writes some of the bytes, at least one of any; as many as the system takes.</summary>
    public abstract ValueTask<int> WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>As <see cref="WriteAsync"/>, of several buffers one after another in one call of the system.</summary>
    public abstract ValueTask<int> WriteVectoredAsync(IReadOnlyList<ReadOnlyMemory<byte>> buffers, CancellationToken cancellationToken);

    /// <summary>Waits until a write would not have to wait. May be wrong now and then.</summary>
    public abstract ValueTask WritableAsync(CancellationToken cancellationToken);

    /// <summary>Writes what the system takes without waiting. False: nothing.</summary>
    public abstract bool TryWrite(ReadOnlySpan<byte> buffer, out int written);

    /// <summary>Says that no more will be sent: the other end reads the end of the stream. Reading goes on.</summary>
    public abstract void ShutdownSend();

    /// <summary>An option of the socket, as <see cref="Socket.SetSocketOption(SocketOptionLevel, SocketOptionName, int)"/> sets it.</summary>
    /// <remarks>The value of <see cref="SocketOptionName.Linger"/> is the time in seconds, or -1 for none.</remarks>
    public abstract void SetOption(SocketOptionLevel level, SocketOptionName name, int value);

    /// <summary>The value of an option, as <see cref="SetOption"/> takes it.</summary>
    public abstract int GetOption(SocketOptionLevel level, SocketOptionName name);

    /// <summary>Closes it so that the other end sees a reset, and nothing that was written waits to be sent.</summary>
    public abstract void Abort();

    /// <summary>Closes it.</summary>
    public abstract void Dispose();
}
