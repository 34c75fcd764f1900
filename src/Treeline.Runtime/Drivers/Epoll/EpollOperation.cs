namespace Treeline.Drivers.Epoll;

/// <summary>One direction of a socket: what is done with it when epoll says that it is ready.</summary>
internal abstract class EpollOperation
{
    /// <summary>Whether an attempt might find something. A guess.</summary>
    public abstract bool MayBeReady { get; }

    /// <summary>Whether one is in flight: then nobody else may wait for the same.</summary>
    public abstract bool IsInFlight { get; }

    /// <summary>Epoll has said so. Called by whoever dispatches.</summary>
    /// <param name="ended">There will be nothing to wait for any more: the other end has ended, or there is an error.</param>
    public abstract void OnReady(bool ended);

    /// <summary>The socket is being closed.</summary>
    public abstract void Close();
}
