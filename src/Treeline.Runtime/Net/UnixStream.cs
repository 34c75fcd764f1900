using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Treeline.IO;

namespace Treeline.Net;

/// <summary>A connection over a Unix domain socket: to another process of the same machine, found by a path.</summary>
/// <remarks>One task may read while another writes; not two of a kind at a time. The rest is in <see cref="ByteStream"/>.</remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class UnixStream : ByteStream
{
    internal UnixStream(StreamSocket socket)
        : base(socket)
    {
    }

    /// <summary>The path this end is bound to; null, as nearly always for the end that connects: none.</summary>
    public string? LocalPath => Socket.LocalEndPoint?.ToString();

    /// <summary>The path the other end is bound to; null: none.</summary>
    public string? RemotePath => Socket.RemoteEndPoint?.ToString();

    /// <summary>Opens a connection. Cancellation: what was begun is closed.</summary>
    /// <param name="path">Where a <see cref="UnixListener"/> listens.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection, the caller's to dispose.</returns>
    /// <exception cref="SocketException">There is no such path, or nobody listens there.</exception>
    public static ValueTask<UnixStream> ConnectAsync(string path, CancellationToken cancellationToken = default) =>
        WrapAsync(Network.OfCaller.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken));

    /// <summary>Its two ends.</summary>
    public override string ToString() => $"Unix {LocalPath ?? "(no name)"} → {RemotePath ?? "(no name)"}";

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private static async ValueTask<UnixStream> WrapAsync(ValueTask<StreamSocket> connecting) =>
        new(await connecting.ConfigureAwait(SchedulerContext.IsCurrent));
}
