namespace Treeline;

/// <summary>
/// A receiver of a <see cref="Broadcast"/> was too slow: items it had not received yet made room for newer ones. Receiving goes
/// on with the oldest that is left.
/// </summary>
public sealed class LaggedException : Exception
{
    internal LaggedException(string source, long missed)
        : base(
            $"A receiver of {source} was too slow and missed {missed} items. Receive again to go on with the oldest that is left; "
            + "give it a larger capacity if that must not be.") => Missed = missed;

    /// <summary>How many items were missed.</summary>
    public long Missed { get; }
}
