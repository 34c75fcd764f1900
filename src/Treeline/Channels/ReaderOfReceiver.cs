using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace Treeline;

/// <summary>A receiver as a <see cref="ChannelReader{T}"/>.</summary>
/// <remarks>
/// There, one waits until something can be read and then reads it; here, waiting is receiving. So who waited puts the item aside,
/// where the next read finds it: nothing is lost when nobody reads.
/// </remarks>
internal sealed class ReaderOfReceiver<T> : ChannelReader<T>
{
    private readonly MpscReceiver<T> _receiver;
    private readonly ConcurrentQueue<T> _aside = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // How many wait, and may have received what they have not put aside yet.
    private int _waits;

    public ReaderOfReceiver(MpscReceiver<T> receiver)
    {
        _receiver = receiver;
        receiver.WhenOver.GetAwaiter().OnCompleted(LookWhetherOver);
    }

    public override Task Completion => _completion.Task;

    public override bool CanCount => true;

    public override int Count => _aside.Count + _receiver.Count;

    public override bool TryRead(out T item)
    {
        if (!_aside.TryDequeue(out item!))
        {
            return _receiver.TryReceive(out item);
        }

        LookWhetherOver();
        return true;
    }

    public override ValueTask<T> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        return TryRead(out T item) ? Waiter<T>.Over(item) : _receiver.ReceiveAsync(cancellationToken);
    }

    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(cancellationToken);
        }

        return Count > 0 ? Waiter<bool>.Over(true) : SetAsideAsync(cancellationToken);
    }

    private async ValueTask<bool> SetAsideAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waits);
        try
        {
            _aside.Enqueue(await _receiver.ReceiveAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent));
            return true;
        }
        catch (ChannelClosedException e)
        {
            if (e.InnerException is { } error)
            {
                ExceptionDispatchInfo.Throw(error);
            }

            return !_aside.IsEmpty;
        }
        finally
        {
            Interlocked.Decrement(ref _waits);
            LookWhetherOver();
        }
    }

    private void LookWhetherOver()
    {
        if (!_receiver.WhenOver.IsCompleted || Volatile.Read(ref _waits) != 0 || !_aside.IsEmpty)
        {
            return;
        }

        if (_receiver.WhenOver.Exception?.InnerException is { } error)
        {
            // Who reads gets it, and need not look at this besides.
            _completion.TrySetException(error);
            _ = _completion.Task.Exception;
        }
        else
        {
            _completion.TrySetResult();
        }
    }
}
