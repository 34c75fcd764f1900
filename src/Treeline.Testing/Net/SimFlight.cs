using System.Net;

namespace Treeline.Testing;

/// <summary>A datagram under way.</summary>
internal sealed class SimFlight(SimHost target, SimDatagram datagram, IPEndPoint destination, SimLink link)
{
    private ITimer? _timer;

    public void Begin(TimeProvider clock, TimeSpan delay)
    {
        _timer = clock.CreateUnflowedTimer(static flight => ((SimFlight)flight!).End(), this);
        _timer.Change(delay, Timeout.InfiniteTimeSpan);
    }

    private void End()
    {
        _timer?.Dispose();
        target.Put(datagram, destination, link);
    }
}
