namespace Treeline.Interleaving;

/// <summary>A schedule under which something went wrong; the message shows it step by step.</summary>
internal sealed class InterleavingException(string message, Exception? inner) : Exception(message, inner);
