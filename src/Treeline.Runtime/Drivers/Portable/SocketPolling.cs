using System.Net.Sockets;

namespace Treeline.Drivers;

/// <summary>Asks a socket how things are.</summary>
internal static class SocketPolling
{
    /// <summary>True if the operation would not have to wait; also if it would fail at once.</summary>
    public static bool IsThere(this Socket socket, SelectMode mode)
    {
        try
        {
            return socket.Poll(0, mode) || socket.Poll(0, SelectMode.SelectError);
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            return true;
        }
    }
}
