using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace Treeline.Drivers.Linux;

/// <summary>A <see cref="Socket"/> of .NET over a descriptor that is not its own, for what is seldom done and .NET knows how to.</summary>
internal static class BorrowedSocket
{
    /// <summary>Valid as long as the descriptor is kept open. Not to be disposed of, which might shut the connection down.</summary>
    [SuppressMessage("Usage", "CA1816", Justification = "Neither owns anything, and finalizing them might shut the connection down.")]
    [SuppressMessage("Reliability", "CA2000", Justification = "As above.")]
    public static Socket Of(int descriptor)
    {
        var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: false));
        GC.SuppressFinalize(socket);
        GC.SuppressFinalize(socket.SafeHandle);
        return socket;
    }
}
