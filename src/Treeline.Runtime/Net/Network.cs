using System.Net;
using System.Net.Sockets;
using Treeline.Drivers;

namespace Treeline.Net;

/// <summary>
/// Where sockets come from: a driver's, that of .NET, or a simulated one. The public types are the same over all of them.
/// </summary>
/// <remarks>
/// Errors of all networks are <see cref="SocketException"/>s whose <see cref="SocketException.SocketErrorCode"/> is what .NET's own
/// sockets give in that place, and whose text names the operation and the end points.
/// </remarks>
internal abstract class Network
{
    /// <summary>Bound by a simulation for the code that runs in it: found before any other.</summary>
    internal static readonly TaskLocal<Network> Simulated = new("network");

    /// <summary>That of the simulation or the runtime that the calling code runs in, or else .NET's sockets.</summary>
    public static Network OfCaller => Simulated.TryGet(out Network? simulated) ? simulated
        : RuntimeCore.OfCaller is { } core ? core.Network
        : PortableNetwork.OnThreadPool;

    /// <summary>What it is called, for people: <c>epoll</c>, <c>simulated</c>.</summary>
    public abstract string Name { get; }

    /// <summary>A socket that takes connections.</summary>
    /// <param name="endPoint">An <see cref="IPEndPoint"/> (port 0: any that is free) or a <see cref="UnixDomainSocketEndPoint"/>.</param>
    /// <param name="backlog">How many connections the system keeps that nobody has accepted yet.</param>
    /// <param name="reusePort">Several listeners share the port, and the system spreads connections over them (<c>SO_REUSEPORT</c>).</param>
    public abstract ListenSocket Listen(EndPoint endPoint, int backlog, bool reusePort);

    /// <summary>Opens a connection. Cancellation: there is none then, and what was begun is closed.</summary>
    /// <param name="endPoint">As in <see cref="Listen"/>; no host names.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public abstract ValueTask<StreamSocket> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken);

    /// <summary>A socket for datagrams.</summary>
    /// <param name="endPoint">Where it receives; port 0: any that is free.</param>
    /// <param name="reusePort">As in <see cref="Listen"/>.</param>
    public abstract DatagramSocket Bind(IPEndPoint endPoint, bool reusePort);

    /// <summary>The addresses of a host. Cancellation: gives up; nothing is lost.</summary>
    public virtual async ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) =>
        await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
}
