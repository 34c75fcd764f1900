namespace Treeline;

/// <summary>What an <see cref="Interval"/> does when a tick was taken so late that later ones are due. The policies are Tokio's.</summary>
public enum MissedTicks
{
    /// <summary>Ticks at once until it has caught up: as many ticks as periods.</summary>
    Burst,

    /// <summary>Begins a new period when the late tick is taken: never two ticks in less than a period.</summary>
    Delay,

    /// <summary>Leaves out the ticks that were missed: ticks stay at multiples of the period.</summary>
    Skip,
}
