using System.Runtime.CompilerServices;

namespace Treeline.Futures;

/// <summary>A task as a future; see <see cref="Future.AsFuture{T}"/>.</summary>
/// <remarks>
/// <b>Protocol.</b> Three come here: who polls, who drops (the same or after it), and the task's continuation, which runs once, if a
/// poll has registered it. <c>_gate</c> owns <c>_waker</c>, <c>_isOver</c> and <c>_isDropped</c>. The task's result is taken once: by
/// the poll that finds it over; else by the later of drop and continuation, which throws it away. The rest belongs to who polls.
/// </remarks>
internal sealed class TaskFuture<T>(ValueTask<T> task) : IFuture<T>, IDisposable
{
    private readonly ConfiguredValueTaskAwaitable<T>.ConfiguredValueTaskAwaiter _awaiter =
        task.ConfigureAwait(SchedulerContext.IsCurrent).GetAwaiter();

    private Gate _gate;
    private Waker _waker;
    private bool _isOver;
    private bool _isDropped;

    private bool _isRegistered;
    private bool _isTaken;

    public Poll<T> Poll(ref Context context)
    {
        if (_isTaken)
        {
            FutureMisuse.ThrowPolledAgain(this);
        }

        if (_isRegistered)
        {
            using (_gate.Enter())
            {
                if (!_isOver)
                {
                    _waker = context.Waker;
                    return default;
                }
            }
        }
        else if (!_awaiter.IsCompleted)
        {
            _waker = context.Waker; // nobody else knows it yet
            _isRegistered = true;
            _awaiter.UnsafeOnCompleted(OnCompleted);
            return default;
        }

        _isTaken = true; // also if it throws
        return Poll<T>.Ready(_awaiter.GetResult());
    }

    public void Dispose()
    {
        if (_isTaken)
        {
            return;
        }

        if (!_isRegistered)
        {
            _isTaken = true;
            _ = task.AsTask();
            return;
        }

        using (_gate.Enter())
        {
            _isDropped = true;
            _waker = default;
            if (!_isOver)
            {
                return;
            }
        }

        ThrowAway();
    }

    public override string ToString() => "a task";

    private void OnCompleted()
    {
        Waker waker;
        bool isDropped;
        using (_gate.Enter())
        {
            _isOver = true;
            isDropped = _isDropped;
            waker = _waker;
            _waker = default;
        }

        if (isDropped)
        {
            ThrowAway();
        }
        else
        {
            waker.Wake();
        }
    }

    private void ThrowAway()
    {
        try
        {
            _awaiter.GetResult();
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for it, and that it was cancelled is no news.
        }
        catch (Exception e)
        {
            _ = Task.FromException(e); // the error is unobserved, as that of any task whose error nobody gets
        }
    }
}
