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
/// <param name="executor">Where those go on who wait for a socket.</param>
internal sealed class PortableDriver(Executor executor) : Driver
{
    private readonly AutoResetEvent _woken = new(false);
    private readonly PortableNetwork _network = new(executor);

    public override string Name => "portable";

    public override Network Network => _network;

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
        _network.Dispose();
        _woken.Dispose();
    }
}
