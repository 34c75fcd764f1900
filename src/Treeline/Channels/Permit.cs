namespace Treeline;

/// <summary>
/// A place in a channel, kept for one item (<see cref="MpscSender{T}.ReserveAsync"/>). Sending into it does not wait. Use it or
/// give it back with <c>using</c>: a place that is forgotten stays taken, and the channel does not end before it.
/// </summary>
/// <typeparam name="T">The type of the items.</typeparam>
public readonly struct Permit<T> : IDisposable
{
    private readonly MpscChannel<T>? _channel;

    /// <summary>A permit that has been given.</summary>
    internal Permit(MpscChannel<T> channel, long number)
    {
        _channel = channel;
        Number = number;
        Item = default!;
    }

    private Permit(T item, T[]? batch, long number)
    {
        Item = item;
        Batch = batch;
        Number = number;
    }

    /// <summary>Which permit it is; of one that is waited for, when that began.</summary>
    internal long Number { get; }

    /// <summary>What is sent as soon as there is a place. Several at once are in <see cref="Batch"/>.</summary>
    internal T Item { get; }

    /// <inheritdoc cref="Item"/>
    internal T[]? Batch { get; }

    /// <summary>True if only the place is waited for.</summary>
    internal bool IsReservation => _channel is not null;

    /// <summary>How many places are waited for.</summary>
    internal int Places => Batch is null ? 1 : Batch.Length;

    /// <summary>Sends into the place, at once. A permit sends once.</summary>
    /// <param name="item">What to send.</param>
    /// <exception cref="InvalidOperationException">It has been used or given back.</exception>
    /// <exception cref="System.Threading.Channels.ChannelClosedException">The receiver is gone; nothing was sent.</exception>
    public void Send(T item)
    {
        if (_channel is null)
        {
            throw new InvalidOperationException("This permit is of no channel. Get one from MpscSender.ReserveAsync.");
        }

        _channel.SendReserved(Number, item);
    }

    /// <summary>Gives the place back, if it has not been used.</summary>
    public void Dispose() => _channel?.GiveBack(Number);

    /// <summary>What somebody brings into the line who wants to send later.</summary>
    internal static Permit<T> Wanted(MpscChannel<T> channel, long number) => new(channel, number);

    /// <summary>What somebody brings into the line who sends.</summary>
    internal static Permit<T> ToSend(T item, long number) => new(item, batch: null, number);

    /// <summary>What somebody brings into the line who sends several at once.</summary>
    internal static Permit<T> ToSend(T[] items, long number) => new(default!, items, number);
}
