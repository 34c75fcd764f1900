namespace Treeline;

/// <summary>
/// Threads for work that blocks: as many as it takes, up to a bound; then work waits in a queue, first come, first served.
/// A thread that finds nothing to do for a while ends.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> All fields belong to the gate. Work goes to the thread that has been idle for the shortest time (its
/// caches are warm, and the others get to end), or to a new one, or into the queue. A thread takes from the queue before it
/// becomes idle, so while anything is queued nobody is idle. An idle thread is woken only by who took it out of the list of
/// those, under the gate, and gave it work (or none, when the pool is closed: then it ends); one whose patience is over ends only if it is
/// still in that list. A closed pool runs what it has and is given, and keeps no idle thread.
/// </remarks>
/// <param name="bound">How many threads at most.</param>
/// <param name="patience">How long a thread stays idle before it ends.</param>
internal sealed class BlockingPool(int bound, TimeSpan patience)
{
    private readonly LinkedList<IThreadPoolWorkItem> _queue = [];
    private readonly List<BlockingThread> _idle = [];
    private Gate _gate;
    private int _threads;
    private int _lastNumber;
    private bool _closed;

    /// <summary>That of the process. The bound is Tokio's: blocking calls wait, they do not compute.</summary>
    public static BlockingPool Shared { get; } = new(512, TimeSpan.FromSeconds(10));

    /// <summary>How many threads there are.</summary>
    public int Threads
    {
        get
        {
            using (_gate.Enter())
            {
                return _threads;
            }
        }
    }

    /// <summary>How much work waits for a thread.</summary>
    public int Queued
    {
        get
        {
            using (_gate.Enter())
            {
                return _queue.Count;
            }
        }
    }

    /// <summary>Runs <paramref name="work"/> on a thread that it may block.</summary>
    /// <returns>Its place in the queue; null if it did not have to wait in it.</returns>
    public LinkedListNode<IThreadPoolWorkItem>? Submit(IThreadPoolWorkItem work)
    {
        BlockingThread? idle = null;
        int number = 0;
        using (_gate.Enter())
        {
            if (_idle.Count > 0)
            {
                idle = _idle[^1];
                _idle.RemoveAt(_idle.Count - 1);
                idle.Work = work;
            }
            else if (_threads < bound)
            {
                _threads++;
                number = ++_lastNumber;
            }
            else
            {
                return _queue.AddLast(work);
            }
        }

        if (idle is not null)
        {
            idle.WakeUp.Set();
            return null;
        }

        try
        {
            new BlockingThread(this, number, work).Start();
            return null;
        }
        catch (Exception)
        {
            // The system has no thread to give. One that is there will come to it; if there is none, the caller has to know.
            using (_gate.Enter())
            {
                _threads--;
                if (_threads - _idle.Count > 0)
                {
                    return _queue.AddLast(work);
                }
            }

            throw;
        }
    }

    /// <summary>Takes work out of the queue; does nothing if it is not in it any more.</summary>
    public void Remove(LinkedListNode<IThreadPoolWorkItem> place)
    {
        using (_gate.Enter())
        {
            place.List?.Remove(place);
        }
    }

    /// <summary>A thread has done what it had: the next work, or null, and then it is idle.</summary>
    public IThreadPoolWorkItem? Next(BlockingThread thread)
    {
        using (_gate.Enter())
        {
            if (_queue.First is { } first)
            {
                _queue.Remove(first);
                return first.Value;
            }

            if (_closed)
            {
                _threads--;
                thread.Ends = true;
            }
            else
            {
                _idle.Add(thread);
            }

            return null;
        }
    }

    /// <summary>Idle threads end now, others when they have nothing to do any more.</summary>
    public void Close()
    {
        BlockingThread[] idle;
        using (_gate.Enter())
        {
            _closed = true;
            idle = [.. _idle];
            _idle.Clear();
            _threads -= idle.Length;
        }

        foreach (BlockingThread thread in idle)
        {
            thread.WakeUp.Set();
        }
    }

    /// <summary>Waits for work in the name of a thread that has none. Null: it is to end.</summary>
    public IThreadPoolWorkItem? Await(BlockingThread thread)
    {
        if (thread.Ends)
        {
            return null;
        }

        if (!thread.WakeUp.WaitOne(patience))
        {
            using (_gate.Enter())
            {
                if (_idle.Remove(thread))
                {
                    _threads--;
                    return null;
                }
            }

            // Somebody has work for it, and is about to wake it.
            thread.WakeUp.WaitOne();
        }

        IThreadPoolWorkItem? work = thread.Work;
        thread.Work = null;
        return work;
    }
}
