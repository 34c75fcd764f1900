namespace Treeline;

/// <summary>
/// Waiters of a channel that have been claimed under its gate, each with its value stored, to be completed outside.
/// </summary>
internal struct MpscServed<T>
{
    /// <summary>Who gets an item.</summary>
    public WaiterList<T> Receivers;

    /// <summary>Whose item has been sent, or who gets a place.</summary>
    public WaiterList<Permit<T>> Senders;

    /// <summary>As <see cref="Senders"/>, of selects.</summary>
    public WaiterList<Nothing> Cases;

    /// <summary>Receivers for whom nothing is left.</summary>
    public WaiterList<T> Ended;

    /// <summary>The channel is over.</summary>
    public bool IsOver;

    public readonly bool IsEmpty => Senders.IsEmpty && Receivers.IsEmpty && Cases.IsEmpty && !IsOver && Ended.IsEmpty;
}
