using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Treeline.Drivers.Linux;

namespace Treeline.Drivers.Epoll;

/// <summary>A descriptor that is registered with an <see cref="EpollDriver"/>, and the life of it.</summary>
/// <remarks>
/// <b>Protocol.</b> <c>_uses</c> has one use for the socket being open, one for each operation (<see cref="EpollOperation{T}"/>) until that is
/// closed and at rest, one for each other call (<see cref="TryUse"/>). The last to end takes the socket from the driver, and closes the descriptor.
/// </remarks>
internal sealed class EpollSocket
{
    private DescriptorUses _uses = new();
    private int _closed;
    private EndPoint? _local;
    private EndPoint? _remote;
    private EpollPeer _peer; // written before the socket is anybody's

    /// <param name="driver">Registers it, from the moment <see cref="EpollDriver.Register"/> is called.</param>
    /// <param name="descriptor">Belongs to the socket.</param>
    public EpollSocket(EpollDriver driver, int descriptor)
    {
        Driver = driver;
        Descriptor = descriptor;
    }

    public EpollDriver Driver { get; }

    public int Descriptor { get; }

    public int Slot { get; private set; } = -1;

    public uint Generation { get; private set; }

    /// <summary>What waits until it can be read, or a connection is there. Set before it is registered.</summary>
    public EpollOperation? Input { get; set; }

    /// <summary>What waits until it can be written.</summary>
    public EpollOperation? Output { get; set; }

    public bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>This end; null: it has no name, or had none when it was closed.</summary>
    public EndPoint? LocalEndPoint => Name(ref _local, remote: false);

    /// <summary>The other end.</summary>
    public EndPoint? RemoteEndPoint => Name(ref _remote, remote: true);

    /// <summary>Where it is in the driver. Called under the driver's gate.</summary>
    public void Place(int slot, uint generation)
    {
        Slot = slot;
        Generation = generation;
    }

    /// <summary>The address of the other end, <paramref name="size"/> bytes that the caller has on its stack, or pinned. Before anybody else has the socket.</summary>
    public unsafe void SetPeer(byte* address, int size) => _peer.Set(address, size);

    /// <summary>Called by whoever dispatches.</summary>
    public void OnEvents(uint events)
    {
        bool ended = (events & (EpollEvent.Error | EpollEvent.HungUp)) != 0;
        if (ended || (events & (EpollEvent.Readable | EpollEvent.RemoteEnded)) != 0)
        {
            Input?.OnReady(ended || (events & EpollEvent.RemoteEnded) != 0);
        }

        if (ended || (events & EpollEvent.Writable) != 0)
        {
            Output?.OnReady(ended);
        }
    }

    /// <summary>Keeps the descriptor from being closed until <see cref="EndUse"/>. False: it is closed, or about to be.</summary>
    public bool TryUse() => !IsClosed && TryKeep();

    /// <summary>As <see cref="TryUse"/>, also while it is being closed.</summary>
    public bool TryKeep() => _uses.TryBegin();

    /// <summary>As <see cref="TryUse"/>, where it is an error if the socket is closed.</summary>
    public void Use()
    {
        if (!TryUse())
        {
            throw Disposed();
        }
    }

    public void EndUse()
    {
        if (_uses.End())
        {
            if (Slot >= 0)
            {
                Driver.Forget(this);
            }

            _ = Libc.Close(Descriptor);
        }
    }

    /// <summary>Operations in flight fail, later ones too, and the descriptor is closed as soon as nobody uses it.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            Input?.Close();
            Output?.Close();
            EndUse();
        }
    }

    public ObjectDisposedException Disposed() => new(ToString(), $"{this} has been disposed of.");

    /// <summary>Sets an option: the one of every connection directly, others through .NET, which knows the numbers of all.</summary>
    public void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        if (level == SocketOptionLevel.Tcp && name == SocketOptionName.NoDelay)
        {
            SetNative(level: 6, name: 1, value); // IPPROTO_TCP, TCP_NODELAY
            return;
        }

        _ = WithSocket(socket =>
        {
            if (name == SocketOptionName.Linger)
            {
                socket.LingerState = new LingerOption(value >= 0, Math.Max(value, 0));
            }
            else
            {
                socket.SetSocketOption(level, name, value);
            }

            return true;
        });
    }

    /// <summary>Sets an option by its numbers.</summary>
    public unsafe void SetNative(int level, int name, int value)
    {
        Use();
        try
        {
            if (Libc.SetOption(Descriptor, level, name, &value, sizeof(int)) != 0)
            {
                throw Libc.LastError.ToException($"Set the option {level}/{name} of {this}");
            }
        }
        finally
        {
            EndUse();
        }
    }

    /// <summary>How long closing takes to send what is left; 0 resets the connection. Called by who uses the socket.</summary>
    public unsafe void SetLinger(int seconds)
    {
        int* linger = stackalloc int[2] { 1, seconds }; // struct linger
        _ = Libc.SetOption(Descriptor, level: 1, name: 13, linger, 2 * sizeof(int)); // SOL_SOCKET, SO_LINGER
    }

    /// <summary>A call of .NET's on the same descriptor, for what is seldom done.</summary>
    [SuppressMessage("Usage", "CA1816", Justification = "Neither owns anything, and finalizing them might shut the connection down.")]
    public T WithSocket<T>(Func<Socket, T> call)
    {
        Use();
        try
        {
            // It does not own the descriptor, and is not disposed of, which might shut the connection down.
            var socket = new Socket(new SafeSocketHandle(Descriptor, ownsHandle: false));
            GC.SuppressFinalize(socket);
            GC.SuppressFinalize(socket.SafeHandle);
            return call(socket);
        }
        finally
        {
            EndUse();
        }
    }

    /// <summary>The end points, for people.</summary>
    public override string ToString() => (LocalEndPoint, RemoteEndPoint) switch
    {
        ({ } local, { } remote) => $"{remote} (from {local})",
        ({ } local, null) => $"{local}",
        (null, { } remote) => $"{remote}",
        _ => "a socket",
    };

    private EndPoint? Name(ref EndPoint? name, bool remote)
    {
        if (name is null && remote)
        {
            name = _peer.ToEndPoint();
        }

        if (name is null && TryKeep())
        {
            name = SocketAddresses.Of(Descriptor, remote);
            EndUse();
        }

        return name;
    }
}
