using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Testing;

/// <summary>A host of a <see cref="SimNet"/>: a name, addresses, and the code that runs on it.</summary>
/// <remarks>
/// <b>A crash</b> is the loss of power: nothing is sent any more, not even what says that a connection is over. What ran is cancelled,
/// and whatever it still does with the network fails with <see cref="SocketError.NetworkDown"/>. Others who wait for it wait on;
/// what they send waits, as in a <see cref="SimLink">partition</see>, and when the host is up again they hear that their connections are gone.
/// <para><b>Protocol.</b> All that changes belongs to the lock of the network; that the host is up is also read without it.</para>
/// </remarks>
public sealed partial class SimHost
{
    // RFC 6335, section 6: dynamic ports.
    private const int FirstDynamicPort = 49_152;

    private readonly List<SimListenSocket> _listeners = [];
    private readonly List<SimDatagramSocket> _datagramSockets = [];
    private readonly ManualResetSignal _up;
    private int _lastPort = FirstDynamicPort - 1;
    private volatile bool _isUp = true;
    private SimLife _life;

    internal SimHost(SimNet net, string name, IPAddress[] addresses)
    {
        Net = net;
        Name = name;
        Addresses = addresses;
        _up = new ManualResetSignal($"the restart of host '{name}'");
        _up.Set();
        _life = new SimLife(this);
    }

    /// <summary>What others find it by.</summary>
    public string Name { get; }

    /// <summary>Its addresses, besides that of the loopback.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; }

    /// <summary>The first of its addresses.</summary>
    public IPAddress Address => Addresses[0];

    /// <summary>False between <see cref="Crash"/> and <see cref="Restart"/>.</summary>
    public bool IsUp => _isUp;

    internal SimNet Net { get; }

    /// <summary>Under the lock: what its code has open, in the order in which it was opened.</summary>
    internal List<SimSocket> Sockets { get; } = [];

    /// <summary>
    /// Stops it at once. Code that runs on it is cancelled, and ends when its cleaning up has; nothing of that reaches the network.
    /// Does nothing if it is down.
    /// </summary>
    public void Crash()
    {
        SimSocket[] sockets;
        SimListenSocket[] listeners;
        SimDatagramSocket[] datagramSockets;
        SimLife life;
        lock (Net.Gate)
        {
            if (!_isUp)
            {
                return;
            }

            _isUp = false;
            _up.Reset();
            life = _life;
            life.BeOver();
            sockets = [.. Sockets];
            listeners = [.. _listeners];
            datagramSockets = [.. _datagramSockets];
            Sockets.Clear();
            _listeners.Clear();
            _datagramSockets.Clear();
            foreach (SimSocket socket in sockets)
            {
                socket.Outbound.Lose();
            }
        }

        Array.ForEach(sockets, static socket => socket.Break(SocketError.NetworkDown));
        Array.ForEach(listeners, static listener => listener.Crash());
        Array.ForEach(datagramSockets, static socket => socket.Crash());
        life.CancelAll();
    }

    /// <summary>Starts it after a crash: with nothing open, and no code running but what <c>KeepRunningAsync</c> runs. Does nothing if it is up.</summary>
    public void Restart()
    {
        lock (Net.Gate)
        {
            if (_isUp)
            {
                return;
            }

            _life = new SimLife(this);
            _isUp = true;
            foreach (SimLink link in Net.LinksOf(this))
            {
                link.ReleaseHeld();
            }
        }

        _up.Set();
    }

    /// <summary>Its name and addresses.</summary>
    /// <returns>The text, for people.</returns>
    public override string ToString() => $"{Name} ({string.Join(", ", Addresses)}{(_isUp ? string.Empty : ", down")})";

    internal static SocketException Down(SimHost host, string what) =>
        new((int)SocketError.NetworkDown, $"{what}: host '{host.Name}' has crashed, and what ran on it is over.");

    internal SimListenSocket Listen(EndPoint endPoint, int backlog, bool reusePort)
    {
        lock (Net.Gate)
        {
            EndPoint at = Claim(
                endPoint,
                "Listening",
                other => _listeners.Exists(listener => Overlap(listener.LocalEndPoint, other) && !(reusePort && listener.ReusesPort)));
            var made = new SimListenSocket(this, at, Math.Max(backlog, 1), reusePort);
            _listeners.Add(made);
            return made;
        }
    }

    internal SimDatagramSocket Bind(IPEndPoint endPoint, bool reusePort)
    {
        lock (Net.Gate)
        {
            EndPoint at = Claim(
                endPoint,
                "Binding",
                other => _datagramSockets.Exists(socket => Overlap(socket.LocalEndPoint, other) && !(reusePort && socket.ReusesPort)));
            var made = new SimDatagramSocket(this, (IPEndPoint)at, reusePort);
            _datagramSockets.Add(made);
            return made;
        }
    }

    internal ValueTask<StreamSocket> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        SimConnection connection;
        lock (Net.Gate)
        {
            EndPoint local = endPoint;
            SimHost? target = this;
            if (endPoint is IPEndPoint ip)
            {
                target = Owner(ip.Address);
                IPAddress? address = target == this ? Own(ip.Address) : OfFamily(ip.Address);
                if (target is null || address is null)
                {
                    return ValueTask.FromException<StreamSocket>(new SocketException(
                        (int)SocketError.HostUnreachable, $"Connecting from {Name} to {endPoint}: no host has that address."));
                }

                local = new IPEndPoint(address, NextPort());
            }

            connection = new SimConnection(this, local, target, endPoint);
        }

        return connection.OpenAsync(cancellationToken);
    }

    /// <summary>Who listens there; of several one by chance.</summary>
    internal SimListenSocket? Listener(EndPoint endPoint)
    {
        lock (Net.Gate)
        {
            List<SimListenSocket> all = _listeners.FindAll(listener => Hears(listener.LocalEndPoint, endPoint));
            return all.Count switch
            {
                0 => null,
                1 => all[0],
                _ => all[(int)Net.Draw(0, all.Count)],
            };
        }
    }

    /// <summary>What the other end sees of who sends from a socket.</summary>
    internal IPEndPoint Seen(IPEndPoint local, IPEndPoint destination) =>
        !IsAny(local.Address) ? local
        : new IPEndPoint(Own(destination.Address) ?? OfFamily(destination.Address) ?? Address, local.Port);

    internal void SendDatagram(SimDatagram datagram, IPEndPoint destination)
    {
        var due = new List<TimeSpan>();
        SimLink link;
        SimHost target;
        lock (Net.Gate)
        {
            if (!_isUp || Owner(destination.Address) is not { } owner)
            {
                return;
            }

            target = owner;
            link = Net.LinkOf(this, target);
            SimConditions now = link.Now;
            if (!link.IsOpen || Net.Happens(now.DatagramLoss))
            {
                return;
            }

            due.Add(link.DrawLatency());
            if (Net.Happens(now.DatagramDuplication))
            {
                due.Add(link.DrawLatency());
            }
        }

        foreach (TimeSpan delay in due)
        {
            if (delay == TimeSpan.Zero)
            {
                target.Put(datagram, destination, link);
            }
            else
            {
                var flight = new SimFlight(target, datagram, destination, link);
                flight.Begin(Net.Clock, delay);
            }
        }
    }

    /// <summary>A datagram arrives, if something gets through and somebody receives there.</summary>
    internal void Put(SimDatagram datagram, IPEndPoint destination, SimLink link)
    {
        SimDatagramSocket? receiver;
        lock (Net.Gate)
        {
            List<SimDatagramSocket> all = link.IsOpen
                ? _datagramSockets.FindAll(socket => Hears(socket.LocalEndPoint, destination))
                : [];
            receiver = all.Count == 0 ? null : all[all.Count == 1 ? 0 : (int)Net.Draw(0, all.Count)];
        }

        receiver?.Put(datagram);
    }

    internal void Remember(SimSocket socket)
    {
        lock (Net.Gate)
        {
            Sockets.Add(socket);
        }
    }

    internal void Forget(SimSocket socket)
    {
        lock (Net.Gate)
        {
            Sockets.Remove(socket);
        }
    }

    internal void Forget(SimListenSocket listener)
    {
        lock (Net.Gate)
        {
            _listeners.Remove(listener);
        }
    }

    internal void Forget(SimDatagramSocket socket)
    {
        lock (Net.Gate)
        {
            _datagramSockets.Remove(socket);
        }
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static bool Hears(EndPoint listener, EndPoint target) =>
        listener is IPEndPoint at && target is IPEndPoint to
            ? at.Port == to.Port && (IsAny(at.Address) || IsAny(to.Address) || at.Address.Equals(to.Address))
            : listener.Equals(target);

    private static bool Overlap(EndPoint one, EndPoint other) => Hears(one, other) || Hears(other, one);

    // Its own address that was meant, if it is one: the loopback, or any.
    private IPAddress? Own(IPAddress address) =>
        IPAddress.IsLoopback(address) || Addresses.Contains(address) ? address
        : IsAny(address) ? (address.Equals(IPAddress.Any) ? IPAddress.Loopback : IPAddress.IPv6Loopback)
        : null;

    private SimHost? Owner(IPAddress address) => Own(address) is not null ? this : Net.Find(address);

    private IPAddress? OfFamily(IPAddress other) => Addresses.FirstOrDefault(address => address.AddressFamily == other.AddressFamily);

    private int NextPort()
    {
        _lastPort = _lastPort == IPEndPoint.MaxPort ? FirstDynamicPort : _lastPort + 1;
        return _lastPort;
    }

    /// <summary>Under the lock: the end point asked for, with a port, if it is free.</summary>
    private EndPoint Claim(EndPoint endPoint, string what, Func<EndPoint, bool> isTaken)
    {
        EndPoint at = endPoint;
        if (endPoint is IPEndPoint ip)
        {
            if (Own(ip.Address) is null)
            {
                throw new SocketException(
                    (int)SocketError.AddressNotAvailable, $"{what} at {endPoint}: {this} does not have that address.");
            }

            at = ip.Port != 0 ? ip : new IPEndPoint(ip.Address, NextPort());
            while (ip.Port == 0 && isTaken(at))
            {
                at = new IPEndPoint(ip.Address, NextPort());
            }
        }

        return !isTaken(at)
            ? at
            : throw new SocketException((int)SocketError.AddressAlreadyInUse, $"{what} at {endPoint}: somebody does already, on {Name}.");
    }
}
