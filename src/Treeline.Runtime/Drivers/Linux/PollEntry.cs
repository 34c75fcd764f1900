using System.Runtime.InteropServices;

namespace Treeline.Drivers.Linux;

/// <summary>Linux's <c>struct pollfd</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollEntry
{
    public int Descriptor;
    public short Events;
    public short Happened;
}
