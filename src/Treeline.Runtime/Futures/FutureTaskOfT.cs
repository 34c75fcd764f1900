using System.Diagnostics;

namespace Treeline.Futures;

/// <summary>
/// A future that is driven for somebody who awaits it: holds the future, is what its wakers wake, and is the work item that polls it.
/// Used again.
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> <c>_gate</c> owns <c>_state</c>, <c>_life</c>, <c>_isGivenUp</c> and <c>_waiter</c>. Everything else belongs to
/// whoever brought the state to Running, which one thread at a time does:</para>
/// <code>
/// Idle      → Scheduled   a waker, or the cancellation; who does it hands the task to the executor
/// Scheduled → Running     the executor's thread
/// Running   → Notified    a waker
/// Running   → Idle        the polling thread, if the poll was pending; from then on it touches nothing
/// Notified  → Scheduled   the polling thread, likewise; the task goes to the end of the queue, so one that wakes itself starves nobody
/// Running, Notified → Idle of the next life    the polling thread, when the future has ended or was dropped
/// </code>
/// <para><b>No wake-up is lost</b>: one that comes while a poll runs is seen by that thread when it next takes the gate, before it says
/// Idle. What the waker did before waking is seen by the poll, by way of gate and queue. Wakers carry the life they were made in; late
/// ones find another and do nothing.</para>
/// <para><b>Cancellation</b> never ends the wait by itself (<see cref="IWaitQueue.MayGiveUp"/> says no): it marks the task and has it
/// scheduled. The thread that runs it next, or polls it right now, drops the future and then ends the wait as cancelled. But if that poll
/// gave the result, it happened, and the cancellation came too late.</para>
/// <para><b>The awaiter</b> is a waiter of the kernel, put here when the first poll was pending and claimed by the polling thread alone. A
/// token's callback may come for a waiter of an earlier life; it is told by not being <c>_waiter</c>.</para>
/// </remarks>
internal sealed class FutureTask<TFuture, T> : IWaitQueue, IWakeable, IThreadPoolWorkItem
    where TFuture : IFuture<T>
{
    private Gate _gate;
    private FutureTaskState _state;
    private long _life;
    private bool _isGivenUp;
    private Waiter<T>? _waiter;

    private TFuture _future = default!;
    private Executor _executor = Executor.ThreadPool;
    private ExecutionContext? _context;

    /// <summary>Polls <paramref name="future"/>, and if it is pending, drives it on the executor of the calling code.</summary>
    public static ValueTask<T> Start(TFuture future, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            Dropper<TFuture>.Drop(ref future);
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        FutureTask<TFuture, T> task = Pool<FutureTask<TFuture, T>>.TryRent() ?? new FutureTask<TFuture, T>();
        task._future = future;
        return task.Begin(cancellationToken);
    }

    /// <summary>What the tree shows: the future.</summary>
    public override string ToString() => _future?.ToString() ?? "a future";

    /// <inheritdoc/>
    void IWakeable.Wake(long token)
    {
        using (_gate.Enter())
        {
            if (token != _life || _state is FutureTaskState.Scheduled or FutureTaskState.Notified)
            {
                return;
            }

            if (_state == FutureTaskState.Running)
            {
                _state = FutureTaskState.Notified;
                return;
            }

            _state = FutureTaskState.Scheduled;
        }

        Schedule(yields: false);
    }

    /// <inheritdoc/>
    bool IWaitQueue.MayGiveUp(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            if (!ReferenceEquals(_waiter, waiter))
            {
                return false;
            }

            _isGivenUp = true;
            if (_state != FutureTaskState.Idle)
            {
                return false;
            }

            _state = FutureTaskState.Scheduled;
        }

        Schedule(yields: false);
        return false;
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        // Only whoever runs the task ends the wait.
    }

    /// <summary>Polls it, on the executor's thread.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        bool isGivenUp;
        using (_gate.Enter())
        {
            if (_state != FutureTaskState.Scheduled)
            {
                throw new InvalidOperationException("The executor ran the same work item twice. It must run each once.");
            }

            _state = FutureTaskState.Running;
            isGivenUp = _isGivenUp;
        }

        if (_context is { } context && !ReferenceEquals(ExecutionContext.Capture(), context))
        {
            ExecutionContext.Restore(context); // whoever runs work items puts its own back
        }

        if (isGivenUp)
        {
            GiveUp();
            return;
        }

        Poll<T> poll = Poll(out Exception? error);
        if (poll.IsReady || error is not null)
        {
            Finish(poll, error);
            return;
        }

        bool isNotified;
        using (_gate.Enter())
        {
            isGivenUp = _isGivenUp;
            isNotified = !isGivenUp && _state == FutureTaskState.Notified;
            if (!isGivenUp)
            {
                _state = isNotified ? FutureTaskState.Scheduled : FutureTaskState.Idle;
            }
        }

        if (isGivenUp)
        {
            GiveUp();
        }
        else if (isNotified)
        {
            Schedule(yields: true);
        }
    }

    private static Executor ExecutorOfCaller() =>
        WorkerThread.Current.Worker?.Scheduler ?? Ambient.CurrentOrRoot.Executor;

    private ValueTask<T> Begin(CancellationToken cancellationToken)
    {
        // Nobody knows this life yet: late wakers, and callbacks, go by _life and _waiter.
        _state = FutureTaskState.Running;
        Poll<T> poll = Poll(out Exception? error);
        if (poll.IsReady || error is not null)
        {
            error = FutureMisuse.Both(error, Drop());
            EndLife();
            Recycle();
            return error is null ? Waiter<T>.Over(poll.Value) : ValueTask.FromException<T>(error);
        }

        _executor = ExecutorOfCaller();
        _context = ExecutionContext.Capture();
        Waiter<T> waiter = Waiter<T>.Rent(this, cancellationToken);
        waiter.ResumeOn(_executor);
        bool isNotified;
        using (_gate.Enter())
        {
            _waiter = waiter;
            isNotified = _state == FutureTaskState.Notified;
            _state = isNotified ? FutureTaskState.Scheduled : FutureTaskState.Idle;
        }

        if (isNotified)
        {
            Schedule(yields: true);
        }

        return waiter.AsValueTask();
    }

    private Poll<T> Poll(out Exception? error)
    {
        try
        {
            var context = new Context(new Waker(this, _life)); // the polling thread alone changes it
            error = null;
            return context.Poll<TFuture, T>(ref _future);
        }
        catch (Exception e)
        {
            error = e; // it is how the future ended
            return default;
        }
    }

    private Exception? Drop()
    {
        try
        {
            Dropper<TFuture>.Drop(ref _future);
            return null;
        }
        catch (Exception e)
        {
            return e; // goes to who awaits
        }
    }

    private void Finish(Poll<T> poll, Exception? error)
    {
        error = FutureMisuse.Both(error, Drop());
        Waiter<T> waiter = EndLife()!;
        bool isClaimed = waiter.TryClaim(); // nobody else may; see MayGiveUp
        Debug.Assert(isClaimed, "Only the polling thread ends the wait.");
        Recycle();
        if (error is null)
        {
            waiter.Complete(poll.Value);
        }
        else
        {
            waiter.Fail(error);
        }
    }

    private void GiveUp()
    {
        TFuture future = _future;
        Exception? error = Drop();
        _future = future; // the exception that says what was given up names it: so this is left to the collector
        Waiter<T> waiter = EndLife()!;
        if (error is null)
        {
            waiter.GiveUp();
            waiter.Complete(default!);
        }
        else
        {
            waiter.TryClaim();
            waiter.Fail(error);
        }
    }

    private Waiter<T>? EndLife()
    {
        using (_gate.Enter())
        {
            Waiter<T>? waiter = _waiter;
            _waiter = null;
            _isGivenUp = false;
            _state = FutureTaskState.Idle;
            _life++;
            return waiter;
        }
    }

    private void Recycle()
    {
        _context = null;
        _executor = Executor.ThreadPool;
        Pool<FutureTask<TFuture, T>>.Return(this);
    }

    private void Schedule(bool yields)
    {
        Executor executor = _executor;
        try
        {
            if (yields)
            {
                executor.ScheduleYielded(this);
            }
            else
            {
                executor.ScheduleWoken(this);
            }
        }
        catch (Exception)
        {
            // It refuses, say because it has been stopped. Whoever wakes is not to pay for that, nor is the future to hang.
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }
}
