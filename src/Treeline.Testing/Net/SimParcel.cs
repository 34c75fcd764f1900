namespace Treeline.Testing;

/// <summary>Something under way over a <see cref="SimLane"/>.</summary>
/// <param name="News">What.</param>
/// <param name="Position">How many bytes had been written by then.</param>
/// <param name="Due">When it arrives, as a timestamp of the clock.</param>
internal readonly record struct SimParcel(SimNews News, long Position, long Due);
