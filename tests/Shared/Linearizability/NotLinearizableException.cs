namespace Treeline.TestSupport.Linearizability;

/// <summary>What concurrent callers saw cannot have come of any order of their calls.</summary>
internal sealed class NotLinearizableException(string message) : Exception(message);
