namespace SocketStress;

/// <summary>Something has gone otherwise than it should.</summary>
internal sealed class StormException(string message, Exception? inner = null) : Exception(message, inner);
