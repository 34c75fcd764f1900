using System.Diagnostics;
using System.Threading.Channels;

namespace Treeline;

/// <summary>The end of a broadcast that sends. Any number of threads may use it.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class BroadcastSender<T> : IDisposable
{
    private readonly FanOut<T> _source;

    internal BroadcastSender(FanOut<T> source) => _source = source;

    /// <summary>How many receivers there are.</summary>
    public int ReceiverCount => _source.Readers;

    /// <summary>Sends an item to every receiver there is. It never waits.</summary>
    /// <param name="item">What to send. The last items stay referenced until newer ones take their places.</param>
    /// <returns>How many receivers there were. Some of them may go before they receive it, or be too slow for it.</returns>
    /// <exception cref="ChannelClosedException">The broadcast has been completed.</exception>
    public int Send(T item)
    {
        int receivers = _source.Send(item);
        return receivers >= 0 ? receivers : throw _source.OverError();
    }

    /// <summary>One more receiver. It sees what is sent from now on.</summary>
    /// <returns>The receiver.</returns>
    public BroadcastReceiver<T> Subscribe() => new(_source.Subscribe());

    /// <summary>Takes no more items. The receivers receive what they have not received yet; then receiving ends.</summary>
    /// <param name="error">Why; null if all is well. Receivers get it at the end.</param>
    /// <returns>False if it had been completed before. The error, if any, is then nobody's.</returns>
    public bool Complete(Exception? error = null) => _source.Complete(error);

    /// <summary>As <see cref="Complete"/>, without an error.</summary>
    public void Dispose() => _source.Complete(error: null);

    /// <summary>What it is.</summary>
    public override string ToString() => $"sender of {_source.Name}";
}
