using Treeline.Interleaving.Waiting;

namespace Treeline;

/// <summary>Stands for the shards of the workers: one, of a clock that actors move.</summary>
internal static class TimerShards
{
    public static bool Keep(TimeProvider clock) => clock is SteppedClock { Shard: not null };

    public static TimerShard? Of(TimeProvider clock) => (clock as SteppedClock)?.Shard;
}
