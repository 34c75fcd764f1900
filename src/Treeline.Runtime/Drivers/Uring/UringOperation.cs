namespace Treeline.Drivers.Uring;

/// <summary>Which operation of a socket a completion belongs to; part of what the kernel hands back with it.</summary>
internal enum UringOperation : byte
{
    /// <summary>Nobody wants to know, as of a cancellation.</summary>
    None,

    /// <summary>The driver's own: somebody calls.</summary>
    Wake,

    Receive,
    Send,
    Accept,
    Connect,
    Readable,
    Writable,
}
