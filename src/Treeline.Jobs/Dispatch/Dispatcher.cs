using Microsoft.Extensions.Logging;

namespace Treeline.Jobs;

/// <summary>
/// Claims jobs for the workers that are free, never more, and sleeps when there is nothing to claim: until the next job is
/// due, a job is submitted or a worker is free.
/// </summary>
internal sealed class Dispatcher(JobStore store, JobServerOptions options, ILogger log)
{
    // Submissions through this server wake it at once; this is for those of other processes on the same file.
    private static readonly TimeSpan s_longestSleep = TimeSpan.FromSeconds(1);

    private readonly (MpscSender<ClaimedJob> Sender, MpscReceiver<ClaimedJob> Receiver) _claimed =
        Mpsc.Unbounded<ClaimedJob>(name: "claimed jobs");

    private readonly Notify _wake = new("something to claim");
    private int _free = options.Workers;
    private volatile bool _stopping;

    /// <summary>The jobs to run, each for whichever worker has waited longest. Ends when the dispatcher does.</summary>
    public MpscReceiver<ClaimedJob> Claimed => _claimed.Receiver;

    /// <summary>There may be something new to claim.</summary>
    public void Wake() => _wake.NotifyOne();

    /// <summary>A worker is done with its job.</summary>
    public void WorkerIsFree()
    {
        Interlocked.Increment(ref _free);
        _wake.NotifyOne();
    }

    /// <summary>Claims nothing more; what is claimed is still handed out.</summary>
    public void Stop()
    {
        _stopping = true;
        _wake.NotifyOne();
    }

    /// <summary>Runs until <see cref="Stop"/>.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (true)
            {
                if (_stopping)
                {
                    return;
                }

                await SleepAsync(await ClaimAsync());
            }
        }
        finally
        {
            _claimed.Sender.Dispose();
        }
    }

    /// <summary>What woke it while it was looking ends the next sleep at once: nothing is missed.</summary>
    private ValueTask<bool> SleepAsync(TimeSpan longest) =>
        longest > TimeSpan.Zero ? _wake.SleepAsync(longest, options.TimeProvider) : ValueTask.FromResult(true);

    /// <returns>How long there is nothing more to do, unless somebody wakes it.</returns>
    private async Task<TimeSpan> ClaimAsync()
    {
        int free = Volatile.Read(ref _free);
        if (free == 0)
        {
            return s_longestSleep;
        }

        Claim claim;
        try
        {
            claim = await store.ClaimAsync(free, options.Lease);
        }
        catch (JobStoreException e)
        {
            log.ClaimFailed(e, s_longestSleep);
            return s_longestSleep;
        }

        Interlocked.Add(ref _free, -claim.Jobs.Count);
        foreach (ClaimedJob job in claim.Jobs)
        {
            _claimed.Sender.TrySend(job);
        }

        if (claim.Jobs.Count == free)
        {
            return TimeSpan.Zero;
        }

        TimeSpan untilDue = claim.NextDue - options.TimeProvider.GetUtcNow() ?? s_longestSleep;

        // Timers count whole milliseconds; rounded down, the last one would be spent asking again and again.
        return untilDue < s_longestSleep ? TimeSpan.FromMilliseconds(Math.Ceiling(untilDue.TotalMilliseconds)) : s_longestSleep;
    }
}
