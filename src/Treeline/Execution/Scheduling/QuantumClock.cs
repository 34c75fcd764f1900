namespace Treeline;

/// <summary>Where in its quantum a worker is. Timestamps are those of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
internal struct QuantumClock
{
    public long Start;
    public long LastLook;
    public int LookEvery;
}
