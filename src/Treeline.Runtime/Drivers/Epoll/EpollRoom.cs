namespace Treeline.Drivers.Epoll;

/// <summary>Whether a datagram socket has room to send: what those wait for who found none.</summary>
/// <remarks><b>Protocol.</b> <c>_ready</c> is cleared before an attempt, and set by events: see <see cref="EpollOperation{T}"/>.</remarks>
internal sealed class EpollRoom : EpollOperation
{
    private readonly EpollSocket _socket;
    private int _ready = 1;

    public EpollRoom(EpollSocket socket)
    {
        _socket = socket;
        Watchers = new EpollWatchers(socket, this);
    }

    public EpollWatchers Watchers { get; }

    public override bool MayBeReady => Volatile.Read(ref _ready) != 0;

    public override bool IsInFlight => false; // several may send

    /// <summary>Somebody is going to attempt, having found no room before.</summary>
    public void Full() => Interlocked.Exchange(ref _ready, 0);

    public override void OnReady(bool ended) => Set();

    public override void Close() => Set();

    public override string ToString() => $"send from {_socket.LocalEndPoint}";

    private void Set()
    {
        Interlocked.Exchange(ref _ready, 1);
        Watchers.Tell();
    }
}
