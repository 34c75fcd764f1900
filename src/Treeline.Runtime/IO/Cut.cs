namespace Treeline.IO;

/// <summary>Where an item stands in the bytes that have come.</summary>
/// <param name="Offset">Where its content begins.</param>
/// <param name="Length">How long that is.</param>
/// <param name="Consumed">How many bytes it takes with what marks its ends.</param>
internal readonly record struct Cut(int Offset, int Length, int Consumed);
