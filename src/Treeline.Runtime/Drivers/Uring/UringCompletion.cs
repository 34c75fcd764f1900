using System.Runtime.InteropServices;

namespace Treeline.Drivers.Uring;

/// <summary>What the kernel answers: <c>struct io_uring_cqe</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UringCompletion
{
    public ulong UserData;
    public int Result; // or an error number, negative
    public uint Flags;
}
