namespace Treeline.Testing;

/// <summary>What a body run by <see cref="Deterministic"/> lives in: a scope, a clock and chance, all of one seed.</summary>
public sealed class Simulation
{
    internal Simulation(int seed, VirtualTime time, TaskScope scope)
    {
        Seed = seed;
        Time = time;
        Scope = scope;
        Random = new Random(~seed); // not what chooses the schedule, so that drawing from it does not change that
    }

    /// <summary>The scope to spawn in. The run ends when everything in it has.</summary>
    public TaskScope Scope { get; }

    /// <summary>
    /// The clock, for whatever takes a <see cref="TimeProvider"/>; the scope has it already. It moves to the next timer
    /// whenever nothing is ready to run.
    /// </summary>
    public VirtualTime Time { get; }

    /// <summary>The same numbers for the same seed, for what the test itself leaves to chance.</summary>
    public Random Random { get; }

    /// <summary>The seed.</summary>
    public int Seed { get; }
}
