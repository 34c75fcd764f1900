using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Treeline.Drivers;

/// <summary>Error numbers of Linux as what .NET's sockets make of them (<c>SocketErrorPal.Unix.cs</c>).</summary>
internal static class LinuxErrors
{
    public const int Interrupted = 4;
    public const int WouldBlock = 11;
    public const int TooManyOpenFiles = 24;
    public const int BrokenPipe = 32;
    public const int NoBuffers = 105;
    public const int ConnectionAborted = 103;
    public const int ConnectionReset = 104;
    public const int NotConnected = 107;
    public const int Cancelled = 125;

    /// <summary>Says that <paramref name="operation"/> ("Listening on 127.0.0.1:80") failed, and why.</summary>
    public static SocketException ToException(int error, string operation) => new(
        (int)ToSocketError(error), $"{operation} failed: {Marshal.GetPInvokeErrorMessage(error)}.");

    public static SocketError ToSocketError(int error) => error switch
    {
        1 or 13 => SocketError.AccessDenied,
        2 => SocketError.AddressNotAvailable,
        4 => SocketError.Interrupted,
        6 => SocketError.HostNotFound,
        9 or Cancelled => SocketError.OperationAborted,
        WouldBlock => SocketError.WouldBlock,
        14 => SocketError.Fault,
        22 => SocketError.InvalidArgument,
        23 or TooManyOpenFiles => SocketError.TooManyOpenSockets,
        BrokenPipe => SocketError.Shutdown,
        61 => SocketError.NoData,
        88 => SocketError.NotSocket,
        89 => SocketError.DestinationAddressRequired,
        90 => SocketError.MessageSize,
        91 => SocketError.ProtocolType,
        92 => SocketError.ProtocolOption,
        93 => SocketError.ProtocolNotSupported,
        94 => SocketError.SocketNotSupported,
        95 => SocketError.OperationNotSupported,
        96 => SocketError.ProtocolFamilyNotSupported,
        97 => SocketError.AddressFamilyNotSupported,
        98 => SocketError.AddressAlreadyInUse,
        99 => SocketError.AddressNotAvailable,
        100 => SocketError.NetworkDown,
        101 => SocketError.NetworkUnreachable,
        102 => SocketError.NetworkReset,
        ConnectionAborted => SocketError.ConnectionAborted,
        ConnectionReset => SocketError.ConnectionReset,
        NoBuffers => SocketError.NoBufferSpaceAvailable,
        106 => SocketError.IsConnected,
        NotConnected => SocketError.NotConnected,
        108 => SocketError.Disconnecting,
        110 => SocketError.TimedOut,
        111 => SocketError.ConnectionRefused,
        112 => SocketError.HostDown,
        113 => SocketError.HostUnreachable,
        114 => SocketError.AlreadyInProgress,
        115 => SocketError.InProgress,
        _ => SocketError.SocketError,
    };
}
