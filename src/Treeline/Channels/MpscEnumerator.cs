using System.Threading.Tasks.Sources;

namespace Treeline;

/// <summary>Receives one item after the other until the channel is over. An item costs no allocation.</summary>
internal sealed class MpscEnumerator<T> : MpscReading<T>, IAsyncEnumerator<T>, IValueTaskSource<bool>
{
    private readonly CancellationToken _cancellationToken;
    private T _current = default!;

    public MpscEnumerator(MpscChannel<T> channel, CancellationToken cancellationToken)
    {
        Channel = channel;
        _cancellationToken = cancellationToken;
    }

    public T Current => _current;

    public ValueTask<bool> MoveNextAsync()
    {
        if (_cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(_cancellationToken);
        }

        if (TryReceive(_cancellationToken, out _current, out Waiter<T>? waiter))
        {
            return Waiter<bool>.Over(true);
        }

        return waiter is not null ? new ValueTask<bool>(this, Await(waiter))
            : Channel.Error is { } error ? ValueTask.FromException<bool>(error)
            : new ValueTask<bool>(false);
    }

    /// <summary>What has not been received stays in the channel.</summary>
    public ValueTask DisposeAsync() => default;

    bool IValueTaskSource<bool>.GetResult(short token) => TryTake(token, out _current);
}
