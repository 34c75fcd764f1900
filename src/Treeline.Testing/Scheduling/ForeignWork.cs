using System.Diagnostics;

namespace Treeline.Testing;

/// <summary>
/// What has left the thread of a run, as far as it can be seen: threads that run code in an execution context of the run
/// (<c>Task.Run</c>, continuations after <c>ConfigureAwait(false)</c>, threads it started), and tasks it was told of.
/// </summary>
/// <remarks>
/// <para>The means is an <see cref="AsyncLocal{T}"/>: it flows wherever code of the run goes, and says when a thread begins
/// and ceases to run such code. Work that is still queued, and work that nobody runs (real input and output, real timers),
/// cannot be seen so.</para>
/// <para><b>Protocol.</b> The gate owns both lists and the time of their last change. Whoever takes something out sets the event afterwards.</para>
/// </remarks>
internal sealed class ForeignWork : IDisposable
{
    private static readonly AsyncLocal<ForeignWork?> s_run = new(static change =>
    {
        change.PreviousValue?.Leave();
        change.CurrentValue?.Enter();
    });

    // A thread of the pool that waits may wait for something that wants the clock to move.
    private static readonly TimeSpan s_patienceWithWaitingThreads = TimeSpan.FromSeconds(1);

    private readonly AutoResetEvent _changed;
    private readonly Thread _own = Thread.CurrentThread;
    private readonly Lock _gate = new();
    private readonly List<Thread> _threads = [];
    private readonly List<Task> _tasks = [];
    private long _changedAt;

    /// <summary>Begins to watch what the calling thread does from now on.</summary>
    /// <param name="changed">Set whenever some work ends.</param>
    public ForeignWork(AutoResetEvent changed)
    {
        _changed = changed;
        s_run.Value = this;
    }

    /// <summary>Whether the run should wait for foreign work.</summary>
    public bool IsBusy()
    {
        lock (_gate)
        {
            if (_tasks.Count > 0)
            {
                return true;
            }

            bool mayWait = _threads.Count > 0 && Stopwatch.GetElapsedTime(_changedAt) < s_patienceWithWaitingThreads;
            foreach (Thread thread in _threads)
            {
                // Threads of somebody's own often wait for work, for good.
                bool waits = (thread.ThreadState & System.Threading.ThreadState.WaitSleepJoin) != 0;
                if (!waits || (thread.IsThreadPoolThread && mayWait))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Counts <paramref name="task"/> until it has completed.</summary>
    public void Add(Task task)
    {
        lock (_gate)
        {
            _tasks.Add(task);
        }

        // Not on the stack of whoever completes it: who awaits it may be next there.
        _ = task.ContinueWith(Remove, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>The calling thread runs no code of the run any more.</summary>
    public void Dispose() => s_run.Value = null;

    private void Remove(Task task)
    {
        lock (_gate)
        {
            _tasks.Remove(task);
        }

        _changed.Set();
    }

    private void Enter()
    {
        if (Thread.CurrentThread != _own)
        {
            lock (_gate)
            {
                _threads.Add(Thread.CurrentThread);
                _changedAt = Stopwatch.GetTimestamp();
            }
        }
    }

    private void Leave()
    {
        if (Thread.CurrentThread != _own)
        {
            lock (_gate)
            {
                _threads.Remove(Thread.CurrentThread);
                _changedAt = Stopwatch.GetTimestamp();
            }

            _changed.Set();
        }
    }
}
