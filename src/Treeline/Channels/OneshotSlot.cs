using System.Threading.Channels;

namespace Treeline;

/// <summary>What the two ends of a <see cref="Oneshot"/> share.</summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. Somebody waits only while nothing was sent and both ends are there; so
/// what is sent goes to who waits longest, or else lies in the slot. Who waits besides fails, as does whoever comes later. Waiters
/// are claimed under the gate and completed outside.
/// </remarks>
internal sealed class OneshotSlot<T>(Action<T>? onUndelivered, string? name) : ISelectable<T>
{
    private Gate _gate;
    private bool _hasSent;
    private bool _isFull;
    private bool _isSenderGone;
    private bool _isReceiverGone;
    private T _value = default!;
    private Exception? _error;
    private WaiterList<T> _waiters;

    public string Name => name is null ? $"a oneshot of {typeof(T).Name}" : $"oneshot '{name}'";

    // Under the gate.
    private bool IsOpen => !_hasSent && !_isSenderGone && !_isReceiverGone;

    /// <summary>Sends a value, or an error in its place. False if nobody can receive it any more.</summary>
    public bool TrySend(T value, Exception? error, object sender)
    {
        Waiter<T>? receiver;
        var others = default(WaiterList<T>);
        using (_gate.Enter())
        {
            if (!_hasSent)
            {
                ObjectDisposedException.ThrowIf(_isSenderGone, sender);
            }
            else
            {
                throw new InvalidOperationException($"The sender of {Name} has sent already. A oneshot carries one value.");
            }

            if (_isReceiverGone)
            {
                return false;
            }

            _hasSent = true;
            if (_waiters.TryPopClaimed(out receiver))
            {
                PopAll(ref others);
            }
            else
            {
                _isFull = true;
                _value = value;
                _error = error;
            }
        }

        if (receiver is null)
        {
            return true;
        }

        Give(receiver, value, error);
        Fail(ref others);
        return true;
    }

    public void DisposeSender()
    {
        var ended = default(WaiterList<T>);
        using (_gate.Enter())
        {
            _isSenderGone = true;
            PopAll(ref ended);
        }

        Fail(ref ended);
    }

    public void DisposeReceiver()
    {
        var ended = default(WaiterList<T>);
        bool isLeft;
        T value;
        using (_gate.Enter())
        {
            _isReceiverGone = true;
            PopAll(ref ended);
            isLeft = TryTake(out value, out Exception? error) && error is null;
        }

        Fail(ref ended);
        if (isLeft)
        {
            onUndelivered?.Invoke(value);
        }
    }

    public ValueTask<T> ReceiveAsync(object receiver, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        T value;
        Exception? error;
        bool taken;
        Waiter<T>? waiter = null;
        using (_gate.Enter())
        {
            ObjectDisposedException.ThrowIf(_isReceiverGone, receiver);
            taken = TryTake(out value, out error);
            if (!taken && IsOpen)
            {
                waiter = Waiter<T>.Rent(this, cancellationToken);
                _waiters.Add(waiter);
            }
        }

        return waiter is not null ? waiter.AsValueTask()
            : !taken ? ValueTask.FromException<T>(OverError())
            : error is not null ? ValueTask.FromException<T>(error)
            : Waiter<T>.Over(value);
    }

    public bool TryReceive(object receiver, out T value)
    {
        Exception? error;
        bool taken;
        using (_gate.Enter())
        {
            ObjectDisposedException.ThrowIf(_isReceiverGone, receiver);
            taken = TryTake(out value, out error);
        }

        return error is null ? taken : throw error;
    }

    public override string ToString() => $"receive from {Name}";

    void ISelectable<T>.Enter(Waiter<T> branch)
    {
        T value;
        Exception? error;
        bool taken;
        using (_gate.Enter())
        {
            if (IsOpen)
            {
                _waiters.Add(branch);
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }

            taken = TryTake(out value, out error);
        }

        Give(branch, value, taken ? error : OverError());
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<T>)waiter);
        }
    }

    private static void Give(Waiter<T> waiter, T value, Exception? error)
    {
        if (error is null)
        {
            waiter.Complete(value);
        }
        else
        {
            waiter.Fail(error);
        }
    }

    // Under the gate.
    private bool TryTake(out T value, out Exception? error)
    {
        value = _value;
        error = _error;
        bool taken = _isFull;
        _isFull = false;
        _value = default!;
        _error = null;
        return taken;
    }

    // Under the gate.
    private void PopAll(ref WaiterList<T> into)
    {
        while (_waiters.TryPopClaimed(out Waiter<T>? waiter))
        {
            into.Add(waiter);
        }
    }

    private void Fail(ref WaiterList<T> waiters)
    {
        while (waiters.TryPop(out Waiter<T>? waiter))
        {
            waiter.Fail(OverError());
        }
    }

    private ChannelClosedException OverError() => new(
        _isReceiverGone ? $"The receiver of {Name} has been disposed."
        : _hasSent ? $"The value of {Name} has been received already."
        : $"The sender of {Name} was disposed without having sent.");
}
