using Treeline.Net;

namespace Treeline.Drivers;

/// <summary>
/// The driver for systems that have no better one here: .NET's sockets tell of their events on the thread pool, so there is
/// nothing to wait for but being woken.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> <see cref="Wake"/> sets <c>_woken</c>, an event that a wait takes back; so a wake between two waits ends the
/// next. That of the system orders the memory between them.
/// </remarks>
internal sealed class PortableDriver : Driver
{
    private readonly AutoResetEvent _woken = new(false);
    private readonly Lazy<PortableNetwork> _network;

    public PortableDriver() => _network = new Lazy<PortableNetwork>(() => new PortableNetwork(Executor));

    public override string Name => "portable";

    public override Network Network => _network.Value;

    public override bool Wait(int milliseconds)
    {
        _woken.WaitOne(milliseconds);
        return false;
    }

    public override void Dispatch()
    {
    }

    public override void Wake()
    {
        try
        {
            _woken.Set();
        }
        catch (ObjectDisposedException)
        {
            // Whoever wakes late has nobody to wake.
        }
    }

    public override void Dispose()
    {
        if (_network.IsValueCreated)
        {
            _network.Value.Dispose();
        }

        _woken.Dispose();
    }
}
