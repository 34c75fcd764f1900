namespace Treeline.Bench;

/// <summary>Does a row's work once, so many operations, and says what that cost per operation.</summary>
/// <param name="operations">How many.</param>
internal delegate Task<Sample> Trial(int operations);
