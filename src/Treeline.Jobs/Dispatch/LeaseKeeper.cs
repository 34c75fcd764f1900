using Microsoft.Extensions.Logging;

namespace Treeline.Jobs;

/// <summary>
/// The heartbeat: renews the leases of the running attempts, all in one write, three times per lease; stops attempts whose
/// lease is lost or whose cancellation was asked for through another server; and takes back the jobs of the dead.
/// </summary>
internal sealed class LeaseKeeper(
    JobStore store, RunningJobs running, JobServerOptions options, Action onRecovered, ILogger log)
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _betweenRenewals = options.Lease / 3;
    private readonly Notify _stop = new("the time to renew leases");
    private volatile bool _stopping;

    /// <summary>Ends <see cref="RunAsync"/>.</summary>
    public void Stop()
    {
        _stopping = true;
        _stop.NotifyOne();
    }

    /// <summary>
    /// Runs until <see cref="Stop"/>. It takes no token: while the server's jobs are being cancelled they still hold their
    /// leases, and it keeps them until the last worker has let go.
    /// </summary>
    public async Task RunAsync()
    {
        TimeProvider time = options.TimeProvider;
        TimeSpan pause = _betweenRenewals < s_longestPause ? _betweenRenewals : s_longestPause;
        long renewed = time.GetTimestamp();
        while (!_stopping)
        {
            try
            {
                // Renewing comes first: a process that was suspended for a while finds its own leases expired, and they are
                // still its own if nobody else has taken the jobs.
                if (time.GetElapsedTime(renewed) >= _betweenRenewals)
                {
                    long before = time.GetTimestamp();
                    await RenewAsync();
                    renewed = before;
                }

                int recovered = await store.RecoverAsync();
                if (recovered > 0)
                {
                    log.Recovered(recovered);
                    onRecovered();
                }
            }
            catch (JobStoreException e)
            {
                log.LeasesNotKept(e, pause);
            }

            await _stop.SleepAsync(pause, time);
        }
    }

    private async Task RenewAsync()
    {
        IReadOnlyList<RunningAttempt> attempts = running.All;
        if (attempts.Count == 0)
        {
            return;
        }

        Renewal renewal = await store.RenewAsync(attempts, options.Lease);
        foreach (RunningAttempt attempt in renewal.CancelRequested)
        {
            attempt.Stop(StopReason.CancelRequested);
        }

        foreach (RunningAttempt attempt in renewal.Lost)
        {
            attempt.Stop(StopReason.LeaseLost);
        }
    }
}
