using System.Runtime.InteropServices;

namespace Treeline.Drivers.Linux;

/// <summary>Linux's <c>struct epoll_event</c>, its data in two halves. Read and written through this type's methods, in memory of its size.</summary>
/// <remarks>The kernel packs it on x86 only; elsewhere the data is aligned to 8 bytes (<c>EPOLL_PACKED</c> in eventpoll.h).</remarks>
internal static unsafe class EpollEvent
{
    public const uint Readable = 0x1;          // EPOLLIN
    public const uint Writable = 0x4;          // EPOLLOUT
    public const uint Error = 0x8;             // EPOLLERR
    public const uint HungUp = 0x10;           // EPOLLHUP
    public const uint RemoteEnded = 0x2000;    // EPOLLRDHUP
    public const uint EdgeTriggered = 1u << 31; // EPOLLET

    /// <summary>How many bytes one takes.</summary>
    public static readonly int Size = IsPacked ? 12 : 16;

    private static readonly int s_data = IsPacked ? 4 : 8;

    private static bool IsPacked => RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86;

    public static void Write(byte* at, uint events, uint slot, uint generation)
    {
        *(uint*)at = events;
        *(uint*)(at + s_data) = slot;
        *(uint*)(at + s_data + sizeof(uint)) = generation;
    }

    public static uint EventsOf(byte* at) => *(uint*)at;

    public static uint SlotOf(byte* at) => *(uint*)(at + s_data);

    public static uint GenerationOf(byte* at) => *(uint*)(at + s_data + sizeof(uint));
}
