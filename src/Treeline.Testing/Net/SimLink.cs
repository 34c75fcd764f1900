using System.Net.Sockets;

namespace Treeline.Testing;

/// <summary>The way between two simulated hosts, in both directions; see <see cref="SimNet.Link(SimHost, SimHost)"/>.</summary>
/// <remarks>
/// <b>A partition</b> stops everything. Connections do not notice: what is written to them waits, and arrives when the partition is
/// <see cref="Heal">over</see>, as TCP sends again until it gets through. What has waited for 924.6 seconds ends the connection for
/// who wrote it with <see cref="SocketError.TimedOut"/>, and a connection that nobody answers fails so after 127 seconds: what Linux
/// does. The other end is not told. Datagrams that are sent or would arrive meanwhile are lost.
/// <para><b>Protocol.</b> All fields belong to the lock of the network, but for the conditions, which are replaced as a whole.</para>
/// </remarks>
public sealed class SimLink
{
    private readonly SimHost _one;
    private readonly SimHost _other;
    private SimConditions? _conditions;
    private bool _isPartitioned;

    internal SimLink(SimHost one, SimHost other)
    {
        _one = one;
        _other = other;
    }

    /// <summary>What it is like; null, as at first: what all are like by <see cref="SimNet.Conditions"/>. What is under way stays as it is.</summary>
    public SimConditions? Conditions
    {
        get => Volatile.Read(ref _conditions);
        set => Volatile.Write(ref _conditions, value);
    }

    /// <summary>Whether nothing gets through because of <see cref="Partition"/>.</summary>
    public bool IsPartitioned
    {
        get
        {
            lock (Net.Gate)
            {
                return _isPartitioned;
            }
        }
    }

    /// <summary>Whether it leads from a host to itself; then it takes no time, and cannot fail.</summary>
    internal bool IsLoopback => _one == _other;

    /// <summary>Under the lock: whether something gets through.</summary>
    internal bool IsOpen => !_isPartitioned && _one.IsUp && _other.IsUp;

    /// <summary>Under the lock: what waits until something gets through again.</summary>
    internal List<SimLane> Held { get; } = [];

    /// <summary>What it is like now.</summary>
    internal SimConditions Now => IsLoopback ? Net.Loopback : Conditions ?? Net.Conditions;

    private SimNet Net => _one.Net;

    /// <summary>From now on nothing gets through, until <see cref="Heal"/>. What is under way does not arrive either.</summary>
    /// <exception cref="InvalidOperationException">It leads from a host to itself.</exception>
    public void Partition()
    {
        if (IsLoopback)
        {
            throw new InvalidOperationException($"Host '{_one.Name}' cannot be parted from itself. To stop it, crash it.");
        }

        lock (Net.Gate)
        {
            _isPartitioned = true;
        }
    }

    /// <summary>Ends a partition. What waited is on its way again.</summary>
    public void Heal()
    {
        lock (Net.Gate)
        {
            _isPartitioned = false;
            ReleaseHeld();
        }
    }

    /// <summary>Breaks all connections over it, now: both ends see a reset, after what has arrived.</summary>
    public void ResetConnections()
    {
        SimConnection[] connections;
        lock (Net.Gate)
        {
            connections = [.. _one.Sockets.Concat(_other.Sockets).Select(static socket => socket.Connection)
                .Where(connection => connection.Link == this).Distinct()];
        }

        foreach (SimConnection connection in connections)
        {
            connection.Cut();
        }
    }

    /// <summary>The two hosts.</summary>
    /// <returns>Their names, for people.</returns>
    public override string ToString() => $"the link of {_one.Name} and {_other.Name}";

    /// <summary>Under the lock: how long something takes.</summary>
    internal TimeSpan DrawLatency()
    {
        SimConditions now = Now;
        return now.MaxLatency > now.MinLatency
            ? new TimeSpan(Net.Draw(now.MinLatency.Ticks, now.MaxLatency.Ticks + 1))
            : now.MinLatency;
    }

    /// <summary>Under the lock: lets go what waited, if something gets through.</summary>
    internal void ReleaseHeld()
    {
        if (!IsOpen)
        {
            return;
        }

        foreach (SimLane lane in Held)
        {
            lane.Release();
        }

        Held.Clear();
    }
}
