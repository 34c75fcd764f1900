namespace Treeline.Tests.Stress.Model;

/// <summary>A deed at a point in time, measured from the start of the program.</summary>
internal sealed record Meddling(long At, Deed Deed);
