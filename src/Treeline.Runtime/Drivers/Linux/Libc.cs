using System.Runtime.InteropServices;

namespace Treeline.Drivers.Linux;

/// <summary>The calls of Linux's C library that the drivers make. All arguments are blittable; -1 says that <see cref="LastError"/> tells why.</summary>
/// <remarks>
/// <b>Safety.</b> The kernel uses a pointer only during the call it was given to, and no more bytes than it was told. Callers pass
/// pointers to memory that is pinned or on the stack for that long.
/// </remarks>
internal static unsafe partial class Libc
{
    public const int NonBlocking = 0x800;   // SOCK_NONBLOCK, EFD_NONBLOCK
    public const int CloseOnExec = 0x80000; // SOCK_CLOEXEC, EFD_CLOEXEC, EPOLL_CLOEXEC

    public const int MessagePeek = 0x2;
    public const int MessageNoSignal = 0x4000;

    public const int ShutWrite = 1;

    public const short PollInput = 0x1;
    public const short PollOutput = 0x4;

    /// <summary><c>errno</c> of the calling thread. It is the thread's own: read it on the same one, right after the call.</summary>
    public static Errno LastError => (Errno)Marshal.GetLastSystemError();

    [LibraryImport("libc", EntryPoint = "epoll_create1")]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl")]
    public static partial int EpollControl(int epoll, int operation, int descriptor, byte* change);

    [LibraryImport("libc", EntryPoint = "epoll_wait")]
    public static partial int EpollWait(int epoll, byte* events, int capacity, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd")]
    public static partial int EventDescriptor(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "poll")]
    public static partial int Poll(PollEntry* entries, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "socket")]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind")]
    public static partial int Bind(int socket, byte* address, int size);

    [LibraryImport("libc", EntryPoint = "listen")]
    public static partial int Listen(int socket, int backlog);

    [LibraryImport("libc", EntryPoint = "accept4")]
    public static partial int Accept(int socket, byte* address, int* size, int flags);

    [LibraryImport("libc", EntryPoint = "connect")]
    public static partial int Connect(int socket, byte* address, int size);

    [LibraryImport("libc", EntryPoint = "getsockname")]
    public static partial int GetLocalName(int socket, byte* address, int* size);

    [LibraryImport("libc", EntryPoint = "getpeername")]
    public static partial int GetRemoteName(int socket, byte* address, int* size);

    [LibraryImport("libc", EntryPoint = "setsockopt")]
    public static partial int SetOption(int socket, int level, int name, void* value, int size);

    [LibraryImport("libc", EntryPoint = "getsockopt")]
    public static partial int GetOption(int socket, int level, int name, void* value, int* size);

    [LibraryImport("libc", EntryPoint = "shutdown")]
    public static partial int Shutdown(int socket, int how);

    [LibraryImport("libc", EntryPoint = "recv")]
    public static partial nint Receive(int socket, byte* buffer, nint size, int flags);

    [LibraryImport("libc", EntryPoint = "send")]
    public static partial nint Send(int socket, byte* buffer, nint size, int flags);

    [LibraryImport("libc", EntryPoint = "recvfrom")]
    public static partial nint ReceiveFrom(int socket, byte* buffer, nint size, int flags, byte* address, int* addressSize);

    [LibraryImport("libc", EntryPoint = "sendto")]
    public static partial nint SendTo(int socket, byte* buffer, nint size, int flags, byte* address, int addressSize);

    [LibraryImport("libc", EntryPoint = "sendmsg")]
    public static partial nint SendMessage(int socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "write")]
    public static partial nint Write(int descriptor, void* buffer, nint size);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);
}
