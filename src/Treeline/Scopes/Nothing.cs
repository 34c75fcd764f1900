namespace Treeline;

/// <summary>The result of work that has none; lets one piece of code run work with a result and without.</summary>
internal readonly struct Nothing;
