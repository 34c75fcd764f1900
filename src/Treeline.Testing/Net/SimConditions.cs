namespace Treeline.Testing;

/// <summary>What the way between two simulated hosts is like. The defaults are a good network: slow now and then, and loses nothing.</summary>
/// <remarks>
/// Whatever arrives takes a time between the two latencies, each of the same chance. A connection stays in order all the same;
/// datagrams overtake each other when the two differ.
/// </remarks>
public sealed record SimConditions
{
    private readonly TimeSpan _minLatency = TimeSpan.FromMilliseconds(1);
    private readonly TimeSpan _maxLatency = TimeSpan.FromMilliseconds(10);
    private readonly double _datagramLoss;
    private readonly double _datagramDuplication;
    private readonly double _connectionLoss;

    /// <summary>The shortest time from one host to the other; 1 ms by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan MinLatency
    {
        get => _minLatency;
        init => _minLatency = NotNegative(value);
    }

    /// <summary>The longest time from one host to the other; 10 ms by default. Less than the shortest counts as that.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan MaxLatency
    {
        get => _maxLatency;
        init => _maxLatency = NotNegative(value);
    }

    /// <summary>The chance of each datagram to get lost, 0 to 1; 0 by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no chance.</exception>
    public double DatagramLoss
    {
        get => _datagramLoss;
        init => _datagramLoss = Chance(value);
    }

    /// <summary>The chance of each datagram to arrive twice, 0 to 1; 0 by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no chance.</exception>
    public double DatagramDuplication
    {
        get => _datagramDuplication;
        init => _datagramDuplication = Chance(value);
    }

    /// <summary>The chance of each write to a connection to be what breaks it: both ends see a reset. 0 to 1; 0 by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no chance.</exception>
    public double ConnectionLoss
    {
        get => _connectionLoss;
        init => _connectionLoss = Chance(value);
    }

    private static TimeSpan NotNegative(TimeSpan value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
        return value;
    }

    private static double Chance(double value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 1);
        return value;
    }
}
