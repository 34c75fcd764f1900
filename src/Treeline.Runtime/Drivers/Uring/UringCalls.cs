using System.Runtime.InteropServices;

namespace Treeline.Drivers.Uring;

/// <summary>The calls that io_uring needs besides those of all drivers.</summary>
/// <remarks>
/// <b>Safety.</b> As of <see cref="Linux.Libc"/>, with one difference: what an entry of the ring points to, the kernel uses until the
/// completion of that entry. It is unmanaged memory, and freed after that.
/// </remarks>
internal static unsafe partial class UringCalls
{
    public const int Stream = 1;
    public const int Datagram = 2;
    public const int DontWait = 0x40;
    public const int WaitAll = 0x100;
    public const uint PollIn = 1;
    public const uint PollOut = 4;

    // A variadic function in C. On the architectures of .NET's Linux, integers are passed to one just as to any other.
    [LibraryImport("libc", EntryPoint = "syscall")]
    public static partial nint Syscall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [LibraryImport("libc", EntryPoint = "mmap")]
    public static partial void* Map(void* address, nuint size, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    public static partial int Unmap(void* address, nuint size);

    [LibraryImport("libc", EntryPoint = "poll")]
    public static partial int Poll(void* descriptors, nuint count, int milliseconds);
}
