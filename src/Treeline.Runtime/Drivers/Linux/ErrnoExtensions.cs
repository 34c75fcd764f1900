using System.Net.Sockets;

namespace Treeline.Drivers.Linux;

/// <summary>What an error number of Linux is called in .NET.</summary>
internal static class ErrnoExtensions
{
    /// <summary>The exception for a failed call.</summary>
    /// <param name="error">Its error number.</param>
    /// <param name="operation">What was attempted, with its end points: <c>read from 10.0.0.1:80</c>.</param>
    public static SocketException ToException(this Errno error, string operation)
    {
        SocketError code = error.ToSocketError();
        return new SocketException((int)code, $"{operation}: {new SocketException((int)code).Message} ({code}, errno {(int)error})");
    }

    /// <summary>As .NET's own sockets translate it on Linux.</summary>
    public static SocketError ToSocketError(this Errno error) => error switch
    {
        Errno.None => SocketError.Success,
        Errno.NotPermitted or Errno.Access => SocketError.AccessDenied,
        Errno.NoEntry or Errno.AddressNotAvailable => SocketError.AddressNotAvailable,
        Errno.Interrupted => SocketError.Interrupted,
        Errno.BadDescriptor or Errno.Canceled => SocketError.OperationAborted,
        Errno.Again => SocketError.WouldBlock,
        Errno.Invalid => SocketError.InvalidArgument,
        Errno.FileTableFull or Errno.TooManyFiles => SocketError.TooManyOpenSockets,
        Errno.BrokenPipe => SocketError.Shutdown,
        Errno.NotSocket => SocketError.NotSocket,
        Errno.DestinationRequired => SocketError.DestinationAddressRequired,
        Errno.MessageSize => SocketError.MessageSize,
        Errno.ProtocolType => SocketError.ProtocolType,
        Errno.ProtocolOption => SocketError.ProtocolOption,
        Errno.ProtocolNotSupported => SocketError.ProtocolNotSupported,
        Errno.SocketNotSupported => SocketError.SocketNotSupported,
        Errno.OperationNotSupported => SocketError.OperationNotSupported,
        Errno.ProtocolFamilyNotSupported => SocketError.ProtocolFamilyNotSupported,
        Errno.AddressFamilyNotSupported => SocketError.AddressFamilyNotSupported,
        Errno.AddressInUse => SocketError.AddressAlreadyInUse,
        Errno.NetworkDown => SocketError.NetworkDown,
        Errno.NetworkUnreachable => SocketError.NetworkUnreachable,
        Errno.NetworkReset => SocketError.NetworkReset,
        Errno.ConnectionAborted => SocketError.ConnectionAborted,
        Errno.ConnectionReset => SocketError.ConnectionReset,
        Errno.NoBufferSpace or Errno.NoMemory => SocketError.NoBufferSpaceAvailable,
        Errno.IsConnected => SocketError.IsConnected,
        Errno.NotConnected => SocketError.NotConnected,
        Errno.Shutdown => SocketError.Disconnecting,
        Errno.TimedOut => SocketError.TimedOut,
        Errno.ConnectionRefused => SocketError.ConnectionRefused,
        Errno.HostDown => SocketError.HostDown,
        Errno.HostUnreachable => SocketError.HostUnreachable,
        Errno.Already => SocketError.AlreadyInProgress,
        Errno.InProgress => SocketError.InProgress,
        _ => SocketError.SocketError,
    };
}
