using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.IO;

/// <summary>One end of a connection that is two <see cref="DuplexLane"/>s.</summary>
/// <remarks>
/// <b>Protocol.</b> The lanes decide everything; see there. Options are remembered, and of them only <see cref="SocketOptionName.Linger"/>
/// with a time of zero means something; they and <c>_isClosed</c> belong to <c>_gate</c>, inside which no other is taken.
/// </remarks>
internal class DuplexSocket(DuplexLane inbound, DuplexLane outbound) : StreamSocket
{
    private readonly Lock _gate = new();
    private bool _isClosed;
    private Dictionary<(SocketOptionLevel Level, SocketOptionName Name), int>? _options;

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint => null;

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint => null;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        inbound.ReadAsync(buffer, peek: false, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<int> PeekAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        inbound.ReadAsync(buffer, peek: true, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask ReadableAsync(CancellationToken cancellationToken) => inbound.ReadableAsync(cancellationToken);

    /// <inheritdoc/>
    public override SelectCase ReadableCase() => new(inbound.ReadSide);

    /// <inheritdoc/>
    public override bool TryRead(Span<byte> buffer, out int read) => inbound.TryRead(buffer, out read);

    /// <inheritdoc/>
    public override ValueTask<int> WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
        outbound.WriteAsync(new DuplexWrite(buffer), cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<int> WriteVectoredAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> buffers, CancellationToken cancellationToken) =>
        outbound.WriteAsync(new DuplexWrite(buffers), cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WritableAsync(CancellationToken cancellationToken) => outbound.WritableAsync(cancellationToken);

    /// <inheritdoc/>
    public override bool TryWrite(ReadOnlySpan<byte> buffer, out int written) => outbound.TryWrite(buffer, out written);

    /// <inheritdoc/>
    public override void ShutdownSend() => outbound.End();

    /// <inheritdoc/>
    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(StreamSocket));
            (_options ??= [])[(level, name)] = value;
        }
    }

    /// <inheritdoc/>
    public override int GetOption(SocketOptionLevel level, SocketOptionName name)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(StreamSocket));
            return ValueOf(level, name);
        }
    }

    /// <inheritdoc/>
    public override void Abort() => Close(abort: true);

    /// <inheritdoc/>
    public override void Dispose() => Close(abort: false);

    /// <summary>Closes both lanes, the one that tells the other end first.</summary>
    internal virtual void Close(bool abort)
    {
        lock (_gate)
        {
            _isClosed = true;
            abort |= ValueOf(SocketOptionLevel.Socket, SocketOptionName.Linger) == 0;
        }

        bool resets = abort || inbound.HasUnread;
        outbound.CloseWriter(resets);
        if (inbound.CloseReader() && !resets)
        {
            outbound.Send(DuplexNews.Reset); // bytes came in between
        }
    }

    private int ValueOf(SocketOptionLevel level, SocketOptionName name) =>
        _options is not null && _options.TryGetValue((level, name), out int value) ? value
        : name == SocketOptionName.Linger ? -1 // not set
        : 0;
}
