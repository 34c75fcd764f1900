using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Treeline.IO;

namespace Treeline.Net;

/// <summary>Takes TCP connections.</summary>
/// <remarks>
/// <para>One task accepts; what it accepts it gives to children of a scope. Over what the sockets run, the runtime says that the
/// listener is made on; code without a runtime gets the sockets of .NET.</para>
/// <para>On an IPv6 address that means all (<c>*</c>, <c>[::]</c>) it takes IPv4 connections too.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class TcpListener : IDisposable
{
    private static readonly TcpListenOptions s_default = new();
    private readonly ListenSocket _socket;

    private TcpListener(ListenSocket socket) => _socket = socket;

    /// <summary>Where it listens, with the port that the system chose if none was asked for.</summary>
    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint;

    /// <summary>Listens.</summary>
    /// <param name="address">
    /// An address and a port: <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>localhost:8080</c>; <c>*:8080</c> for all addresses of the machine. Port 0: any
    /// that is free.
    /// </param>
    /// <param name="options">How; null: as <see cref="TcpListenOptions"/> has it.</param>
    /// <returns>The listener. The system takes connections from here on; dispose it to stop.</returns>
    /// <exception cref="FormatException">It is no address with a port.</exception>
    /// <exception cref="SocketException">The port is taken, or not allowed.</exception>
    public static TcpListener Bind(string address, TcpListenOptions? options = null) => Bind(Address.Parse(address), options);

    /// <inheritdoc cref="Bind(string, TcpListenOptions?)"/>
    /// <param name="endPoint">Where to listen. Port 0: any that is free.</param>
    /// <param name="options">How; null: as <see cref="TcpListenOptions"/> has it.</param>
    public static TcpListener Bind(IPEndPoint endPoint, TcpListenOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        options ??= s_default;
        return new TcpListener(Network.OfCaller.Listen(endPoint, options.Backlog, options.ReusePort));
    }

    /// <summary>
    /// Takes the next connection; waits for one if need be. Cancellation: a cancelled accept took none.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The connection, the caller's to dispose.</returns>
    /// <exception cref="SocketException">
    /// The process has no more descriptors, or the system no memory. The listener goes on: close something, or wait, and try again.
    /// What is wrong with one connection only is passed over.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another accept is in flight.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed before or meanwhile.</exception>
    public ValueTask<TcpStream> AcceptAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<StreamSocket> accepting = _socket.AcceptAsync(cancellationToken);
        return accepting.IsCompletedSuccessfully
            ? new ValueTask<TcpStream>(new TcpStream(accepting.Result))
            : WrapAsync(accepting);
    }

    /// <summary>Takes a connection that is there.</summary>
    /// <param name="stream">The connection, the caller's to dispose.</param>
    /// <returns>False if none is.</returns>
    /// <exception cref="SocketException">As for <see cref="AcceptAsync"/>.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed.</exception>
    public bool TryAccept([NotNullWhen(true)] out TcpStream? stream)
    {
        stream = _socket.TryAccept(out StreamSocket? accepted) ? new TcpStream(accepted!) : null;
        return stream is not null;
    }

    /// <summary>
    /// That a connection is there, as one of several things to wait for; take it with <see cref="TryAccept"/>, which now and then finds
    /// none all the same: then wait again. One that loses has taken nothing.
    /// </summary>
    /// <returns>The case.</returns>
    public SelectCase AcceptCase() => _socket.AcceptableCase();

    /// <summary>
    /// Stops listening: connections that nobody has accepted are reset, later ones refused. An accept in flight ends with
    /// <see cref="ObjectDisposedException"/>. Those accepted already go on.
    /// </summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>What it is.</summary>
    public override string ToString() => $"TCP listener on {_socket.LocalEndPoint}";

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private static async ValueTask<TcpStream> WrapAsync(ValueTask<StreamSocket> accepting) =>
        new(await accepting.ConfigureAwait(SchedulerContext.IsCurrent));
}
