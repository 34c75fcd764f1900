using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Drivers;

/// <summary>The sockets of .NET under the contract of ours: on every system, at the price of a hop over the thread pool.</summary>
/// <remarks>
/// <b>Protocol.</b> <c>_open</c>, all sockets that are not closed yet, belongs to <c>_gate</c>. A socket enters when it is made and
/// leaves when it is disposed; one that comes when <c>_isDisposed</c> is set is closed at once. The default network is
/// never disposed, and keeps no such list.
/// </remarks>
internal sealed class PortableNetwork : Network, IDisposable
{
    private readonly Lock _gate = new();
    private readonly HashSet<IDisposable>? _open;
    private bool _isDisposed;

    /// <summary>A network that can be closed with all its sockets.</summary>
    /// <param name="executor">Where those go on who wait for a socket.</param>
    public PortableNetwork(Executor executor)
        : this(executor, [])
    {
    }

    private PortableNetwork(Executor executor, HashSet<IDisposable>? open)
    {
        Executor = executor;
        _open = open;
    }

    /// <summary>What code uses that runs on no runtime.</summary>
    public static PortableNetwork OnThreadPool { get; } = new(Executor.ThreadPool, open: null);

    public override string Name => "portable";

    /// <summary>Where those go on who wait for a socket.</summary>
    public Executor Executor { get; }

    public override ListenSocket Listen(EndPoint endPoint, int backlog, bool reusePort)
    {
        Socket socket = New(endPoint, SocketType.Stream);
        try
        {
            Bind(socket, endPoint, reusePort);
            socket.Listen(backlog);
            return Enter(new PortableListenSocket(this, socket));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw SocketErrors.Of(e.SocketErrorCode, $"listening on {endPoint}");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override ValueTask<StreamSocket> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<StreamSocket>(cancellationToken)
            : new PortableConnect(this, New(endPoint, SocketType.Stream), endPoint).Begin(cancellationToken);

    public override DatagramSocket Bind(IPEndPoint endPoint, bool reusePort)
    {
        Socket socket = New(endPoint, SocketType.Dgram);
        try
        {
            Bind(socket, endPoint, reusePort);
            return Enter(new PortableDatagramSocket(this, socket));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw SocketErrors.Of(e.SocketErrorCode, $"binding {endPoint}");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Closes all sockets that are open.</summary>
    public void Dispose()
    {
        IDisposable[] open;
        lock (_gate)
        {
            _isDisposed = true;
            open = [.. _open ?? []];
        }

        foreach (IDisposable socket in open)
        {
            socket.Dispose();
        }
    }

    /// <summary>Notes a socket that is open, and returns it.</summary>
    public T Enter<T>(T socket)
        where T : class, IDisposable
    {
        if (_open is null)
        {
            return socket;
        }

        lock (_gate)
        {
            if (!_isDisposed)
            {
                _open.Add(socket);
                return socket;
            }
        }

        socket.Dispose();
        throw Gone();
    }

    /// <summary>Forgets a socket that is closed.</summary>
    public void Leave(IDisposable socket)
    {
        if (_open is not null)
        {
            lock (_gate)
            {
                _open.Remove(socket);
            }
        }
    }

    private static ObjectDisposedException Gone() => new(null, "The runtime whose sockets were to be used has been shut down.");

    private static void Bind(Socket socket, EndPoint endPoint, bool reusePort)
    {
        if (socket.AddressFamily == AddressFamily.InterNetworkV6 && ((IPEndPoint)endPoint).Address.Equals(IPAddress.IPv6Any))
        {
            socket.DualMode = true;
        }

        if (reusePort)
        {
            SetReusePort(socket);
        }

        socket.Bind(endPoint);
    }

    private static void SetReusePort(Socket socket)
    {
        // .NET has no name for it: the numbers are those of asm-generic/socket.h and of BSD's sys/socket.h.
        (int level, int name) = OperatingSystem.IsLinux() ? (1, 15)
            : OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD() ? (0xffff, 0x0200)
            : throw new PlatformNotSupportedException("Listeners cannot share a port on this system (SO_REUSEPORT): use one listener.");
        socket.SetRawSocketOption(level, name, [1, 0, 0, 0]);
    }

    private Socket New(EndPoint endPoint, SocketType type)
    {
        if (Volatile.Read(ref _isDisposed))
        {
            throw Gone();
        }

        // .NET lets a port be bound again whose last connections still linger (SO_REUSEADDR), if it knows the protocol.
        ProtocolType protocol = endPoint switch
        {
            IPEndPoint => type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp,
            UnixDomainSocketEndPoint => ProtocolType.Unspecified,
            _ => throw new ArgumentException(
                $"'{endPoint}' is neither an IP address with a port nor a path. Resolve host names first.", nameof(endPoint)),
        };
        return new Socket(endPoint.AddressFamily, type, protocol) { Blocking = false };
    }
}
