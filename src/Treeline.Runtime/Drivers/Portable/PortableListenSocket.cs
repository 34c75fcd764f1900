using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Drivers;

/// <summary>A listener over a socket of .NET.</summary>
internal sealed class PortableListenSocket : ListenSocket
{
    private readonly PortableNetwork _network;
    private readonly Socket _socket;
    private readonly PortableAccept _accept;
    private bool _isClosed;

    /// <summary>Takes over a socket that listens.</summary>
    public PortableListenSocket(PortableNetwork network, Socket socket)
    {
        _network = network;
        _socket = socket;
        LocalEndPoint = socket.LocalEndPoint!;
        _accept = new PortableAccept(network, socket, LocalEndPoint);
    }

    public override EndPoint LocalEndPoint { get; }

    public override ValueTask<StreamSocket> AcceptAsync(CancellationToken cancellationToken) =>
        _accept.TakeAsync(default, SocketFlags.None, cancellationToken);

    public override SelectCase AcceptableCase() => new(_accept);

    public override bool TryAccept(out StreamSocket? accepted) => _accept.TryTakeNow(default, SocketFlags.None, out accepted!);

    public override void Dispose()
    {
        if (!Interlocked.Exchange(ref _isClosed, true))
        {
            _network.Leave(this);
            _accept.Close();
            _socket.Dispose();
            _accept.DropKept();
            _accept.Dispose();
        }
    }

    public override string ToString() => $"a listener on {LocalEndPoint}";
}
