using System.Net;

namespace Treeline.Testing;

/// <summary>
/// A network in memory, with hosts that have names and addresses, slow and unreliable as you say. Code that runs on such a host
/// finds it in place of the real one: <c>TcpListener</c>, <c>TcpStream</c>, <c>UdpSocket</c> and what is built on them.
/// </summary>
/// <example><code>
/// var time = new VirtualTime();
/// await time.RunAsync(async scope =>
/// {
///     var net = new SimNet(seed: 1, time);
///     SimHost server = net.Host("server");
///     SimHost client = net.Host("client");
///     ChildTask serving = scope.Spawn(ct => server.RunAsync(Serve, ct));
///     await client.RunAsync(async _ => { using TcpStream stream = await TcpStream.ConnectAsync("server", 5000); … });
/// });
/// </code></example>
/// <remarks>
/// <para>Everything that chance decides is drawn from the seed, and time is the clock's: under <see cref="VirtualTime"/> or
/// <see cref="Deterministic"/> the same seed is the same run.</para>
/// <para>What is written to a connection may arrive in pieces, and together with what was written before: TCP promises no more, and
/// programs that take one write for one read are to find out.</para>
/// <para><b>Protocol.</b> <see cref="Gate"/> owns what concerns several of hosts, links and connections: which there are, what is under
/// way, what is partitioned, and chance. Inside it only the clock is called, and no gate is taken.</para>
/// </remarks>
public sealed class SimNet
{
    private readonly Dictionary<string, SimHost> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<(SimHost One, SimHost Other), SimLink> _links = [];
    private readonly Random _random;
    private SimConditions _conditions = new();

    /// <summary>A network without hosts.</summary>
    /// <param name="seed">What chance decides, this decides.</param>
    /// <param name="clock">Measures how long things take: that of the run.</param>
    public SimNet(int seed, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        Clock = clock;
        _random = new Random(seed ^ 0x0E7); // not the numbers that whoever has the same seed draws
    }

    /// <summary>A network without hosts, with the seed and the time of a run.</summary>
    /// <param name="run">The run.</param>
    public SimNet(Simulation run)
        : this((run ?? throw new ArgumentNullException(nameof(run))).Seed, run.Time)
    {
    }

    /// <summary>What all links are like that have no <see cref="SimLink.Conditions"/> of their own. What is under way stays as it is.</summary>
    public SimConditions Conditions
    {
        get => Volatile.Read(ref _conditions);
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            Volatile.Write(ref _conditions, value);
        }
    }

    /// <summary>What the way is like that leads from a host to itself.</summary>
    internal SimConditions Loopback { get; init; } = new() { MinLatency = TimeSpan.Zero, MaxLatency = TimeSpan.Zero };

    internal Lock Gate { get; } = new();

    internal TimeProvider Clock { get; }

    /// <summary>The host of that name; made, and up, when it is first asked for.</summary>
    /// <param name="name">What others find it by.</param>
    /// <param name="addresses">Its addresses, when it is made; by default one of 192.168.0.0/16, in the order in which hosts are made.</param>
    /// <returns>The host.</returns>
    /// <exception cref="ArgumentException">It is no name, or an address is another host's.</exception>
    public SimHost Host(string name, params IPAddress[] addresses)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(addresses);
        if (IPAddress.TryParse(name, out _) || name.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"'{name}' is not the name of a host: it would never be looked up.", nameof(name));
        }

        lock (Gate)
        {
            if (_hosts.TryGetValue(name, out SimHost? host))
            {
                return host;
            }

            int number = _hosts.Count + 1;
            IPAddress[] own = addresses.Length > 0 ? [.. addresses] : [new IPAddress([192, 168, (byte)(number >> 8), (byte)number])];
            foreach (IPAddress address in own)
            {
                if (Find(address) is { } other)
                {
                    throw new ArgumentException($"{address} is the address of '{other.Name}' already.", nameof(addresses));
                }
            }

            return _hosts[name] = new SimHost(this, name, own);
        }
    }

    /// <summary>The way between two hosts.</summary>
    /// <param name="one">A host of this network.</param>
    /// <param name="other">Another.</param>
    /// <returns>Always the same for the same two, whichever is named first.</returns>
    public SimLink Link(SimHost one, SimHost other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        if (one.Net != this || other.Net != this)
        {
            throw new ArgumentException("Both hosts must be of this network.", one.Net != this ? nameof(one) : nameof(other));
        }

        lock (Gate)
        {
            return LinkOf(one, other);
        }
    }

    /// <summary>Parts some hosts from all the others there are: <see cref="SimLink.Partition"/> of each link between them.</summary>
    /// <param name="some">The hosts; what goes on among themselves goes on.</param>
    public void Partition(params SimHost[] some)
    {
        ArgumentNullException.ThrowIfNull(some);
        List<SimLink> links = [];
        lock (Gate)
        {
            foreach (SimHost other in _hosts.Values.Except(some))
            {
                links.AddRange(some.Select(one => LinkOf(one, other)));
            }
        }

        links.ForEach(static link => link.Partition());
    }

    /// <summary>Ends all partitions.</summary>
    public void Heal()
    {
        SimLink[] links;
        lock (Gate)
        {
            links = [.. _links.Values];
        }

        foreach (SimLink link in links)
        {
            link.Heal();
        }
    }

    /// <summary>Under the lock: the host that has an address.</summary>
    internal SimHost? Find(IPAddress address) =>
        _hosts.Values.FirstOrDefault(host => host.Addresses.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address));

    /// <summary>Under the lock: the host of a name.</summary>
    internal SimHost? Find(string name) => _hosts.GetValueOrDefault(name);

    /// <summary>Under the lock: all links that lead to a host.</summary>
    internal IEnumerable<SimLink> LinksOf(SimHost host) =>
        _links.Where(entry => entry.Key.One == host || entry.Key.Other == host).Select(static entry => entry.Value);

    /// <summary>Under the lock: whether something happens that has this chance.</summary>
    internal bool Happens(double chance) => chance > 0 && _random.NextDouble() < chance;

    /// <summary>Under the lock: a number from <paramref name="least"/> to less than <paramref name="limit"/>.</summary>
    internal long Draw(long least, long limit) => _random.NextInt64(least, limit);

    /// <summary>Under the lock: the way between two hosts.</summary>
    internal SimLink LinkOf(SimHost one, SimHost other)
    {
        if (_links.TryGetValue((one, other), out SimLink? link) || _links.TryGetValue((other, one), out link))
        {
            return link;
        }

        return _links[(one, other)] = new SimLink(one, other);
    }
}
