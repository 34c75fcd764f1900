using System.Net.Sockets;

namespace SocketStress;

/// <summary>What one end may see when the other has closed in the middle.</summary>
internal static class Gone
{
    public static bool Is(Exception error) => error is SocketException
    {
        SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown,
    }
    or EndOfStreamException;
}
