namespace Treeline.Testing.Tests.Contract;

/// <summary>What tests throw.</summary>
internal sealed class OopsException(string message) : Exception(message);
