namespace Treeline.Tests;

/// <summary>A failure that only a test can have thrown.</summary>
public sealed class OopsException(string message, Exception? inner = null) : Exception(message, inner);
