using Treeline.Drivers.Epoll;

namespace Treeline.Drivers;

/// <summary>Which driver a runtime gets.</summary>
internal static class DriverChoice
{
    public static Driver Make(RuntimeSettings settings) => new EpollDriver();
}
