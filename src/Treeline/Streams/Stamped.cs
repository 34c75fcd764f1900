namespace Treeline;

/// <summary>An item, and when it came.</summary>
/// <typeparam name="T">The type of the item.</typeparam>
/// <param name="Item">The item.</param>
/// <param name="Arrived">A timestamp of the clock that the operator goes by.</param>
internal readonly record struct Stamped<T>(T Item, long Arrived);
