using System.Runtime.InteropServices;

namespace Treeline.Drivers.Linux;

/// <summary>Linux's <c>struct iovec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    public byte* Base;
    public nint Length;
}
