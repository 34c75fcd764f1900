using System.Net;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Uring;

/// <summary>The sockets of a <see cref="UringDriver"/>.</summary>
internal sealed unsafe class UringNetwork(UringDriver driver) : Network
{
    private const int SolSocket = 1;
    private const int SoReuseAddress = 2;
    private const int SoReusePort = 15;

    public override string Name => driver.Name;

    public override ListenSocket Listen(EndPoint endPoint, int backlog, bool reusePort)
    {
        string operation = $"Listen at {endPoint}";
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
            Check(Libc.Listen(descriptor, backlog), operation);
            return new UringListenSocket(driver, descriptor, SocketAddresses.Of(descriptor, remote: false) ?? endPoint);
        }
        catch
        {
            _ = Libc.Close(descriptor);
            throw;
        }
    }

    public override ValueTask<StreamSocket> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<StreamSocket>(cancellationToken);
        }

        int descriptor = Open(endPoint, UringCalls.Stream, $"Connect to {endPoint}");
        UringConnect connect;
        try
        {
            connect = new UringConnect(driver, descriptor, endPoint);
        }
        catch
        {
            _ = Libc.Close(descriptor);
            throw;
        }

        return connect.StartAsync(cancellationToken);
    }

    public override DatagramSocket Bind(IPEndPoint endPoint, bool reusePort)
    {
        string operation = $"Bind to {endPoint}";
        int descriptor = Open(endPoint, UringCalls.Datagram, operation);
        try
        {
            if (reusePort)
            {
                SetOption(descriptor, SolSocket, SoReusePort, operation);
            }

            Bind(descriptor, endPoint, operation);
            return new UringDatagramSocket(driver, descriptor, (IPEndPoint)SocketAddresses.Of(descriptor, remote: false)!);
        }
        catch
        {
            _ = Libc.Close(descriptor);
            throw;
        }
    }

    /// <summary>A descriptor without O_NONBLOCK: with it, io_uring would not wait but fail. Direct calls say MSG_DONTWAIT.</summary>
    private static int Open(EndPoint endPoint, int type, string operation) =>
        Check(Libc.Socket(SocketAddresses.FamilyOf(endPoint), type | Libc.CloseOnExec, 0), operation);

    private static void Bind(int descriptor, EndPoint endPoint, string operation)
    {
        SocketAddress address = endPoint.Serialize();
        fixed (byte* bytes = address.Buffer.Span)
        {
            Check(Libc.Bind(descriptor, bytes, address.Size), operation);
        }
    }

    private static void SetOption(int descriptor, int level, int name, string operation)
    {
        int on = 1;
        Check(Libc.SetOption(descriptor, level, name, &on, sizeof(int)), operation);
    }

    private static int Check(int result, string operation) =>
        result >= 0 ? result : throw Libc.LastError.ToException(operation);
}
