namespace Treeline.Tests.Stress.Model;

/// <summary>Something that is done to a scope, if it is there.</summary>
/// <param name="Kind">What.</param>
/// <param name="Scope">The number of the scope.</param>
/// <param name="Time">The grace of a stop, the time until a deadline; null: none.</param>
internal sealed record Deed(DeedKind Kind, int Scope, long? Time);
