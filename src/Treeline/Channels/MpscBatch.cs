using System.Threading.Tasks.Sources;

namespace Treeline;

/// <summary>A wait for the first item of a batch; when it is resumed it takes what else there is.</summary>
internal sealed class MpscBatch<T> : MpscReading<T>, IValueTaskSource<int>
{
    private Memory<T> _into;

    private MpscBatch()
    {
    }

    public static ValueTask<int> ReceiveAsync(MpscChannel<T> channel, Memory<T> into, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        Span<T> span = into.Span;
        int count = channel.TryReceive(span);
        if (count > 0)
        {
            return Waiter<int>.Over(count);
        }

        MpscBatch<T> batch = Pool<MpscBatch<T>>.TryRent() ?? new MpscBatch<T>();
        batch.Channel = channel;
        batch._into = into;
        if (batch.TryReceive(cancellationToken, out T item, out Waiter<T>? waiter))
        {
            batch.Free();
            span[0] = item;
            return Waiter<int>.Over(1 + channel.TryReceive(span[1..]));
        }

        if (waiter is not null)
        {
            return new ValueTask<int>(batch, batch.Await(waiter));
        }

        batch.Free();
        return channel.Error is { } error ? ValueTask.FromException<int>(error) : new ValueTask<int>(0);
    }

    int IValueTaskSource<int>.GetResult(short token)
    {
        // First what could throw: from here on nothing is lost.
        Span<T> span = _into.Span;
        if (!TryTake(token, out T item))
        {
            Free();
            return 0;
        }

        span[0] = item;
        int count = 1 + Channel.TryReceive(span[1..]);
        Free();
        return count;
    }

    private void Free()
    {
        Channel = null!;
        _into = default;
        Pool<MpscBatch<T>>.Return(this);
    }
}
