using System.Diagnostics;
using System.Threading.Channels;

namespace Treeline;

/// <summary>The end of a watched value that changes it. Any number of threads may use it.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class WatchSender<T> : IDisposable
{
    private readonly FanOut<T> _source;

    internal WatchSender(FanOut<T> source) => _source = source;

    /// <summary>The latest value.</summary>
    public T Value => _source.Latest;

    /// <summary>How many receivers there are.</summary>
    public int ReceiverCount => _source.Readers;

    /// <summary>Replaces the value. Every receiver sees it, unless it is replaced before it looks.</summary>
    /// <param name="value">The new value. It counts as a change even if it equals the one before.</param>
    /// <exception cref="ChannelClosedException">The watch has been completed.</exception>
    public void Send(T value)
    {
        if (_source.Send(value) < 0)
        {
            throw _source.OverError();
        }
    }

    /// <summary>One more receiver. It has seen the value there is; it is told of changes from now on.</summary>
    /// <returns>The receiver.</returns>
    public WatchReceiver<T> Subscribe() => new(_source, _source.Subscribe());

    /// <summary>The value does not change any more. Receivers see the last one, if they have not; then waiting ends.</summary>
    /// <param name="error">Why; null if all is well. Receivers get it at the end.</param>
    /// <returns>False if it had been completed before. The error, if any, is then nobody's.</returns>
    public bool Complete(Exception? error = null) => _source.Complete(error);

    /// <summary>As <see cref="Complete"/>, without an error.</summary>
    public void Dispose() => _source.Complete(error: null);

    /// <summary>What it is.</summary>
    public override string ToString() => $"sender of {_source.Name}";
}
