using System.Threading.Tasks.Sources;

namespace Treeline;

/// <summary>Receives one item after the other until the source is over. An item costs no allocation.</summary>
internal sealed class ReceiveEnumerator<T> : ReceiveStep<T>, IAsyncEnumerator<T>, IValueTaskSource<bool>
{
    private readonly CancellationToken _cancellationToken;
    private T _current = default!;

    public ReceiveEnumerator(IItemSource<T> source, CancellationToken cancellationToken)
    {
        Source = source;
        _cancellationToken = cancellationToken;
    }

    public T Current => _current;

    public ValueTask<bool> MoveNextAsync()
    {
        if (_cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(_cancellationToken);
        }

        try
        {
            return TryReceive(_cancellationToken, out _current, out Waiter<T>? waiter) ? Waiter<bool>.Over(true)
                : waiter is not null ? new ValueTask<bool>(this, Await(waiter))
                : new ValueTask<bool>(false);
        }
        catch (Exception e)
        {
            return ValueTask.FromException<bool>(e);
        }
    }

    /// <summary>What has not been received stays in the channel.</summary>
    public ValueTask DisposeAsync() => default;

    bool IValueTaskSource<bool>.GetResult(short token) => TryTake(token, out _current);
}
