namespace Treeline.Tests.Stress.Model;

/// <summary>The contract does not say how this program ends: two things happen in one instant, and their order matters.</summary>
internal sealed class AmbiguousException : Exception;
