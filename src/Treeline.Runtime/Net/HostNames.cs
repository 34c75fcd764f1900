using System.Net;

namespace Treeline.Net;

/// <summary>Finds the addresses of hosts.</summary>
public static class HostNames
{
    /// <summary>
    /// The addresses of a host, in the order in which the system would try them. To connect to a host by name,
    /// <see cref="TcpStream.ConnectAsync(string, int, CancellationToken)"/> does this by itself. Cancellation: gives up; nothing is lost.
    /// </summary>
    /// <param name="host">A name, or an address.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>At least one address.</returns>
    /// <exception cref="System.Net.Sockets.SocketException">There is no such host, or no answer.</exception>
    public static ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<IPAddress[]>(cancellationToken)
            : Network.OfCaller.ResolveAsync(host, cancellationToken);
    }
}
