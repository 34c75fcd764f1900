using System.Net.Sockets;

namespace Treeline.Net;

/// <summary>Errors of sockets that say what was being done, and between whom.</summary>
internal static class SocketErrors
{
    /// <summary>The error that <paramref name="operation"/> (<c>reading from 127.0.0.1:80</c>) ended with.</summary>
    public static SocketException Of(SocketError error, string operation) =>
        new((int)error, $"Error while {operation}: {new SocketException((int)error).Message}.");

    /// <summary>The socket was closed before, or meanwhile.</summary>
    public static ObjectDisposedException Closed(string operation) =>
        new(objectName: null, $"The socket was closed before or while {operation}.");

    /// <summary>There is an operation of this direction in flight already.</summary>
    public static InvalidOperationException Busy(string operation) => new(
        $"Another operation is in flight while {operation}. One read and one write may be in flight on a socket at a time: "
        + "await or cancel the first before the second begins, or give the socket to one task.");
}
