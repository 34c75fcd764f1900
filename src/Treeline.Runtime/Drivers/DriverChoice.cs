using Treeline.Drivers.Epoll;

namespace Treeline.Drivers;

/// <summary>Which driver a runtime gets.</summary>
internal static class DriverChoice
{
    public static Driver Make(RuntimeSettings settings) => settings.Driver switch
    {
        DriverKind.Epoll => OperatingSystem.IsLinux() ? new EpollDriver() : throw new PlatformNotSupportedException(
            "epoll is Linux's. Leave UseDriver out, and the runtime takes what there is."),
        DriverKind.Portable => new PortableDriver(),
        _ => OperatingSystem.IsLinux() ? new EpollDriver() : new PortableDriver(),
    };
}
