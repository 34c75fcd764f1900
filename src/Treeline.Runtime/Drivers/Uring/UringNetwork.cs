using System.Net;
using Treeline.Net;

namespace Treeline.Drivers;

/// <summary>The sockets of a <see cref="UringDriver"/>.</summary>
internal sealed unsafe class UringNetwork(UringDriver driver) : Network
{
    private const int SolSocket = 1;
    private const int SoReuseAddress = 2;
    private const int SoReusePort = 15;
    private const int IpProtoIpV6 = 41;
    private const int IpV6Only = 26;

    public override string Name => driver.Name;

    public override ListenSocket Listen(EndPoint endPoint, int backlog, bool reusePort)
    {
        string operation = $"Listening on {endPoint}";
        int descriptor = Open(endPoint, UringCalls.Stream, operation);
        try
        {
            if (endPoint is IPEndPoint)
            {
                // As .NET does: connections of a former listener that linger do not keep the port.
                SetOption(descriptor, SolSocket, SoReuseAddress, operation);
                if (reusePort)
                {
                    SetOption(descriptor, SolSocket, SoReusePort, operation);
                }
            }

            Bind(descriptor, endPoint, operation);
            Check(UringCalls.Listen(descriptor, backlog), operation);
            return new UringListenSocket(driver, descriptor, SocketAddresses.Local(descriptor) ?? endPoint);
        }
        catch
        {
            _ = UringCalls.Close(descriptor);
            throw;
        }
    }

    public override ValueTask<StreamSocket> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<StreamSocket>(cancellationToken);
        }

        int descriptor = Open(endPoint, UringCalls.Stream, $"Connecting to {endPoint}");
        UringConnect connect;
        try
        {
            connect = new UringConnect(driver, descriptor, endPoint);
        }
        catch
        {
            _ = UringCalls.Close(descriptor);
            throw;
        }

        return connect.StartAsync(cancellationToken);
    }

    public override DatagramSocket Bind(IPEndPoint endPoint, bool reusePort)
    {
        string operation = $"Binding to {endPoint}";
        int descriptor = Open(endPoint, UringCalls.Datagram, operation);
        try
        {
            if (reusePort)
            {
                SetOption(descriptor, SolSocket, SoReusePort, operation);
            }

            Bind(descriptor, endPoint, operation);
            return new UringDatagramSocket(driver, descriptor, (IPEndPoint)SocketAddresses.Local(descriptor)!);
        }
        catch
        {
            _ = UringCalls.Close(descriptor);
            throw;
        }
    }

    /// <summary>A descriptor without O_NONBLOCK: with it, io_uring would not wait but fail. Direct calls say MSG_DONTWAIT.</summary>
    private static int Open(EndPoint endPoint, int type, string operation)
    {
        int family = SocketAddresses.Family(endPoint);
        int descriptor = Check(UringCalls.Socket(family, type | UringCalls.CloseOnExec, 0), operation);
        if (family == UringCalls.Inet6)
        {
            SetOption(descriptor, IpProtoIpV6, IpV6Only, operation); // as .NET does
        }

        return descriptor;
    }

    private static void Bind(int descriptor, EndPoint endPoint, string operation)
    {
        ReadOnlySpan<byte> address = SocketAddresses.Write(endPoint);
        fixed (byte* bytes = address)
        {
            Check(UringCalls.Bind(descriptor, bytes, address.Length), operation);
        }
    }

    private static void SetOption(int descriptor, int level, int name, string operation)
    {
        int on = 1;
        Check(UringCalls.SetOption(descriptor, level, name, &on, sizeof(int)), operation);
    }

    private static int Check(int result, string operation) =>
        result >= 0 ? result : throw LinuxErrors.ToException(UringCalls.LastError, operation);
}
