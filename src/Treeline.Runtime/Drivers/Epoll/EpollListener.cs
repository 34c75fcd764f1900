using System.Diagnostics.CodeAnalysis;
using System.Net;
using Treeline.Net;

namespace Treeline.Drivers.Epoll;

/// <summary>A listening descriptor that is registered with epoll.</summary>
internal sealed class EpollListener : ListenSocket
{
    private readonly EpollSocket _socket;
    private readonly EpollAccepting _accepting;

    /// <param name="socket">Listens; not registered yet. Belongs to the listener from here on.</param>
    public EpollListener(EpollSocket socket)
    {
        _socket = socket;
        _accepting = new EpollAccepting(socket);
        socket.Input = _accepting;
        socket.Driver.Register(socket);
        LocalEndPoint = socket.LocalEndPoint!;
    }

    public override EndPoint LocalEndPoint { get; }

    public override ValueTask<StreamSocket> AcceptAsync(CancellationToken cancellationToken) =>
        _accepting.AcceptAsync(cancellationToken);

    public override SelectCase AcceptableCase() => new(_accepting.Watchers);

    public override bool TryAccept([NotNullWhen(true)] out StreamSocket? accepted) => _accepting.TryAccept(out accepted!);

    public override void Dispose() => _socket.Close();
}
