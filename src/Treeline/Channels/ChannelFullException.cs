namespace Treeline;

/// <summary>An item was sent to a full channel that makes its senders decide (<see cref="FullMode.Fail"/>). It was not sent.</summary>
/// <param name="message">Which channel.</param>
public sealed class ChannelFullException(string message) : InvalidOperationException(message);
