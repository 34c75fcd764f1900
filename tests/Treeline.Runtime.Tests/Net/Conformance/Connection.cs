using System.Net;
using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The two ends of a connection.</summary>
internal sealed record Connection(StreamSocket Client, StreamSocket Server) : IDisposable
{
    public static async Task<Connection> OpenAsync(Network network, IPAddress address)
    {
        using ListenSocket listener = network.Listen(new IPEndPoint(address, 0), 16, reusePort: false);
        return await OpenAsync(network, listener);
    }

    public static async Task<Connection> OpenAsync(Network network, ListenSocket listener)
    {
        ValueTask<StreamSocket> accepting = listener.AcceptAsync(default);
        StreamSocket client = await network.ConnectAsync(listener.LocalEndPoint, default);
        return new Connection(client, await accepting);
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }
}
