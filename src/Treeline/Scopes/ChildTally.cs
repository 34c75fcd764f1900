namespace Treeline;

/// <summary>How many children of a scope have ended in which way.</summary>
/// <param name="Succeeded">Without an error.</param>
/// <param name="Failed">With an error.</param>
/// <param name="Cancelled">By the scope's cancellation, those that never started included.</param>
public readonly record struct ChildTally(int Succeeded, int Failed, int Cancelled);
