using Treeline.Drivers.Epoll;
using Treeline.Drivers.Uring;

namespace Treeline.Drivers;

/// <summary>Which driver a runtime gets.</summary>
internal static class DriverChoice
{
    public static Driver Make(RuntimeSettings settings) => settings.Driver switch
    {
        DriverKind.Epoll => OperatingSystem.IsLinux() ? new EpollDriver() : throw new PlatformNotSupportedException(
            "epoll is Linux's. Leave UseDriver out, and the runtime takes what there is."),
        DriverKind.IoUring => MakeUring(settings),
        DriverKind.Portable => new PortableDriver(),
        _ => MakeBest(settings),
    };

    private static Driver MakeBest(RuntimeSettings settings)
    {
        if (!OperatingSystem.IsLinux())
        {
            return new PortableDriver();
        }

        if (settings.Shape != RuntimeShape.ThreadPerCore)
        {
            return new EpollDriver();
        }

        return UringDriver.TryCreate(out UringDriver? driver, out string? obstacle) ? driver : new EpollDriver { Note = obstacle };
    }

    private static UringDriver MakeUring(RuntimeSettings settings)
    {
        if (settings.Shape != RuntimeShape.ThreadPerCore)
        {
            throw new PlatformNotSupportedException(
                "io_uring belongs to one thread: call ThreadPerCore() on the builder, or leave UseDriver out.");
        }

        return UringDriver.TryCreate(out UringDriver? driver, out string? obstacle) ? driver
            : throw new PlatformNotSupportedException($"{obstacle} Leave UseDriver out, and the runtime takes what there is.");
    }
}
