namespace Treeline;

/// <summary>Having passed an <see cref="AsyncBarrier"/>.</summary>
/// <param name="Phase">How often the barrier had opened before: the same for all who passed together.</param>
/// <param name="IsLeader">True for exactly one of them, the last to arrive.</param>
public readonly record struct BarrierPass(long Phase, bool IsLeader);
