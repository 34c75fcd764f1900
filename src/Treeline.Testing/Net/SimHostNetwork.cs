using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Testing;

/// <summary>The simulated network, as code sees it that runs on one of its hosts.</summary>
internal sealed class SimHostNetwork(SimHost host, SimLife life) : Network
{
    /// <inheritdoc/>
    public override string Name => "simulated";

    /// <inheritdoc/>
    public override ListenSocket Listen(EndPoint endPoint, int backlog, bool reusePort)
    {
        ThrowIfOver($"Listening at {endPoint}");
        return host.Listen(endPoint, backlog, reusePort);
    }

    /// <inheritdoc/>
    public override ValueTask<StreamSocket> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<StreamSocket>(cancellationToken);
        }

        ThrowIfOver($"Connecting to {endPoint}");
        return host.ConnectAsync(endPoint, cancellationToken);
    }

    /// <inheritdoc/>
    public override DatagramSocket Bind(IPEndPoint endPoint, bool reusePort)
    {
        ThrowIfOver($"Binding to {endPoint}");
        return host.Bind(endPoint, reusePort);
    }

    /// <inheritdoc/>
    public override ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        ThrowIfOver($"Looking up '{host}'");
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<IPAddress[]>(cancellationToken)
            : Waiter<IPAddress[]>.Over(Resolve(host));
    }

    private IPAddress[] Resolve(string name)
    {
        if (IPAddress.TryParse(name, out IPAddress? address))
        {
            return [address];
        }

        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            return [IPAddress.Loopback];
        }

        lock (host.Net.Gate)
        {
            return host.Net.Find(name) is { } found
                ? [.. found.Addresses]
                : throw new SocketException(
                    (int)SocketError.HostNotFound,
                    $"The simulated network has no host '{name}'. Make it by net.Host(\"{name}\") before it is looked up.");
        }
    }

    private void ThrowIfOver(string what)
    {
        if (life.IsOver)
        {
            throw SimHost.Down(host, what);
        }
    }
}
