using System.Net;
using System.Net.Sockets;
using Treeline.IO;

namespace Treeline.Testing;

/// <summary>One end of a simulated connection.</summary>
internal sealed class SimSocket(
    SimConnection connection, SimHost host, EndPoint local, EndPoint remote, SimLane inbound, SimLane outbound)
    : DuplexSocket(inbound, outbound)
{
    /// <inheritdoc/>
    public override EndPoint LocalEndPoint => local;

    /// <inheritdoc/>
    public override EndPoint RemoteEndPoint => remote;

    /// <summary>What it is an end of.</summary>
    public SimConnection Connection => connection;

    /// <summary>What it sends over.</summary>
    public SimLane Outbound => outbound;

    /// <summary>Its host has crashed, or nobody answers: what is in flight fails, and what comes later, and the other end is not told.</summary>
    public void Break(SocketError error)
    {
        inbound.Break(error, reader: true);
        outbound.Break(error, reader: false);
        connection.Fail(error, "the host has crashed");
    }

    /// <inheritdoc/>
    internal override void Close(bool abort)
    {
        base.Close(abort);
        host.Forget(this);
    }
}
