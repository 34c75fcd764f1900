using System.Diagnostics;

namespace Treeline.Testing;

/// <summary>
/// Whether the thread pool has anything to do, beyond what others have it do anyway. What has been queued on it, or taken
/// from its queues and not begun, nobody else can see.
/// </summary>
/// <remarks>
/// <para>A worker counts as busy from when it is asked for until it has found the queues empty. So if nothing is queued, and
/// then nobody is busy, nothing was on its way.</para>
/// <para>How many are busy for others, say a test runner, is learned before a run begins, when it has nothing on the pool; and
/// during one by waiting in vain. Owner: one thread, apart from what is static.</para>
/// </remarks>
internal sealed class PoolWatch
{
    // In real time.
    private static readonly TimeSpan s_learning = TimeSpan.FromMilliseconds(5);

    // In real time, halved each time that it was in vain: others may keep the pool busy for as long as they like.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    // Any thread; a lost write costs patience.
    private static int s_busyForOthers;

    private readonly int _waiting;
    private TimeSpan _patience = s_patience;
    private bool _queuesForOthers;

    /// <summary>Learns what the pool does for others. The calling thread has nothing on it.</summary>
    /// <param name="waiting">How many threads of the pool wait for this one all the time.</param>
    public PoolWatch(int waiting)
    {
        _waiting = waiting;
        long since = Stopwatch.GetTimestamp();
        int least = int.MaxValue;
        for (var spin = default(SpinWait); !IsQuiet(ref least); spin.SpinOnce())
        {
            if (Stopwatch.GetElapsedTime(since) > s_learning)
            {
                Volatile.Write(ref s_busyForOthers, least);
                return;
            }
        }
    }

    private int Busy
    {
        get
        {
            ThreadPool.GetMaxThreads(out int most, out _);
            ThreadPool.GetAvailableThreads(out int available, out _);
            return Math.Max(0, most - available - _waiting);
        }
    }

    /// <summary>Work of the run is seen on the pool: what is not seen yet may well be more of it.</summary>
    public void BePatient() => _patience = s_patience;

    /// <summary>
    /// Waits until the pool has nothing to do, or it is clear that others use it. False: <paramref name="news"/> came first.
    /// </summary>
    public bool TryAwaitQuiet(Func<bool> news)
    {
        long since = Stopwatch.GetTimestamp();
        int least = int.MaxValue;
        for (var spin = default(SpinWait); !IsQuiet(ref least); spin.SpinOnce())
        {
            if (news())
            {
                return false;
            }

            if (Stopwatch.GetElapsedTime(since) > _patience)
            {
                _patience /= 2;
                _queuesForOthers = true;
                Volatile.Write(ref s_busyForOthers, least);
                break;
            }
        }

        return !news(); // what has just left the pool may have brought some
    }

    private bool IsQuiet(ref int least)
    {
        bool queued = ThreadPool.PendingWorkItemCount != 0; // before who is busy: what is taken meanwhile makes somebody so
        _queuesForOthers &= queued;
        int busy = Busy;
        least = Math.Min(least, busy);
        if (busy < Volatile.Read(ref s_busyForOthers))
        {
            Volatile.Write(ref s_busyForOthers, busy);
        }

        return (!queued || _queuesForOthers) && busy <= Volatile.Read(ref s_busyForOthers);
    }
}
