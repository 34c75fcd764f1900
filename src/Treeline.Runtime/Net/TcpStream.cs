using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Treeline.IO;

namespace Treeline.Net;

/// <summary>A TCP connection.</summary>
/// <remarks>
/// <para>One task may read while another writes; not two of a kind at a time. What is common to all streams of bytes is in
/// <see cref="ByteStream"/>.</para>
/// <para>Small writes are sent at once (<see cref="NoDelay"/>), as .NET's HTTP client and server and Go have it, and other than Tokio, whose streams wait
/// until told not to: a protocol that answers is then never held up by Nagle's algorithm, and who writes many small pieces
/// gathers them in a buffer anyhow.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class TcpStream : ByteStream
{
    internal TcpStream(StreamSocket socket)
        : base(socket)
    {
        try
        {
            NoDelay = true;
        }
        catch (SocketException)
        {
            // Reset before it was ours: whoever reads or writes is told so.
        }
    }

    /// <summary>This end.</summary>
    public IPEndPoint? LocalEndPoint => (IPEndPoint?)Socket.LocalEndPoint;

    /// <summary>The other end; null if the connection was reset before anybody could ask.</summary>
    public IPEndPoint? RemoteEndPoint => (IPEndPoint?)Socket.RemoteEndPoint;

    /// <summary>Small writes are sent at once and do not wait to be joined with later ones (<c>TCP_NODELAY</c>). True if not set.</summary>
    /// <exception cref="ObjectDisposedException">The stream was disposed; so with all options.</exception>
    public bool NoDelay
    {
        get => Socket.GetOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay) != 0;
        set => Socket.SetOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, value ? 1 : 0);
    }

    /// <summary>The system asks now and then whether the other end of a silent connection is still there, and resets the connection if not. Off if not set.</summary>
    public bool KeepAlive
    {
        get => Socket.GetOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive) != 0;
        set => Socket.SetOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, value ? 1 : 0);
    }

    /// <summary>How long a connection is silent before the first such question; whole seconds.</summary>
    public TimeSpan KeepAliveTime
    {
        get => TimeSpan.FromSeconds(Socket.GetOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime));
        set => Socket.SetOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, Seconds(value));
    }

    /// <summary>How long between such questions that get no answer; whole seconds.</summary>
    public TimeSpan KeepAliveInterval
    {
        get => TimeSpan.FromSeconds(Socket.GetOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval));
        set => Socket.SetOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Seconds(value));
    }

    /// <summary>After how many questions without an answer the connection is reset.</summary>
    public int KeepAliveRetryCount
    {
        get => Socket.GetOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount);
        set => Socket.SetOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, value);
    }

    /// <summary>
    /// For how long disposing may wait for what was written to be sent (<c>SO_LINGER</c>; whole seconds). Null, if not set: it does not wait, and
    /// the system goes on sending by itself. Zero: disposing resets the connection, as <see cref="SocketOptionName.Linger"/> says.
    /// </summary>
    public TimeSpan? LingerTime
    {
        get => Socket.GetOption(SocketOptionLevel.Socket, SocketOptionName.Linger) is >= 0 and int seconds
            ? TimeSpan.FromSeconds(seconds)
            : null;
        set => Socket.SetOption(SocketOptionLevel.Socket, SocketOptionName.Linger, value is { } time ? Seconds(time) : -1);
    }

    /// <summary>
    /// Opens a connection to a host. If it has several addresses, those that do not answer are not waited for: they are tried as
    /// RFC 8305 (Happy Eyeballs) has it. Cancellation: what was begun is closed.
    /// </summary>
    /// <param name="host">A name, or an address.</param>
    /// <param name="port">The port, 1 to 65535.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection, the caller's to dispose.</returns>
    /// <exception cref="SocketException">The name has no address, or the one address there is could not be connected to.</exception>
    /// <exception cref="ScopeException">None of the addresses could be connected to: why not, for each.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The port is none.</exception>
    public static ValueTask<TcpStream> ConnectAsync(string host, int port, CancellationToken cancellationToken = default) =>
        ConnectAsync(host, port, Network.OfCaller, cancellationToken);

    /// <summary>Opens a connection. Cancellation: what was begun is closed.</summary>
    /// <param name="endPoint">Where to.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection, the caller's to dispose.</returns>
    /// <exception cref="SocketException">It was refused, or there was no answer.</exception>
    public static ValueTask<TcpStream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return WrapAsync(Network.OfCaller.ConnectAsync(endPoint, cancellationToken));
    }

    /// <summary>Its two ends.</summary>
    public override string ToString() => $"TCP {LocalEndPoint} → {RemoteEndPoint}";

    private static ValueTask<TcpStream> ConnectAsync(string host, int port, Network network, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        return cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<TcpStream>(cancellationToken)
            : IPAddress.TryParse(host, out IPAddress? address)
                ? WrapAsync(network.ConnectAsync(new IPEndPoint(address, port), cancellationToken))
                : ConnectByNameAsync(host, port, network, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private static async ValueTask<TcpStream> ConnectByNameAsync(
        string host, int port, Network network, CancellationToken cancellationToken) =>
        new(await HappyEyeballs.ConnectAsync(
            host,
            port,
            (name, token) => network.ResolveAsync(name, token).AsTask(),
            (target, token) => network.ConnectAsync(target, token).AsTask(),
            clock: null,
            new Combination($"connect to {host}:{port}", string.Empty, 0),
            cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent));

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private static async ValueTask<TcpStream> WrapAsync(ValueTask<StreamSocket> connecting) =>
        new(await connecting.ConfigureAwait(SchedulerContext.IsCurrent));

    private static int Seconds(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        return checked((int)Math.Ceiling(time.TotalSeconds));
    }
}
