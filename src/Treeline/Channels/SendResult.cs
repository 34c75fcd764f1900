namespace Treeline;

/// <summary>What became of an item that was sent without waiting.</summary>
public enum SendResult
{
    /// <summary>The channel has it. (With <see cref="FullMode.DropOldest"/> an older one may have been dropped for it.)</summary>
    Sent,

    /// <summary>There was no place for it; the caller still has it.</summary>
    Full,

    /// <summary>There was no place for it, and the channel is one that drops: it went to <c>onUndelivered</c>.</summary>
    Dropped,

    /// <summary>The channel takes nothing any more; the caller still has it.</summary>
    Closed,
}
