namespace Treeline;

/// <summary>What a runtime's workers wait in for the network; see <see cref="RuntimeBuilder.UseDriver"/>.</summary>
public enum DriverKind
{
    /// <summary>
    /// The best there is: on Linux epoll, or io_uring with a thread to a core where the system allows it; elsewhere the portable one.
    /// </summary>
    Best,

    /// <summary>Linux's epoll.</summary>
    Epoll,

    /// <summary>Linux's io_uring; with a thread to a core only.</summary>
    IoUring,

    /// <summary>The sockets of .NET, with their own threads.</summary>
    Portable,
}
