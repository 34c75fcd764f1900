using System.Collections.Concurrent;

namespace Treeline.Jobs;

/// <summary>
/// The attempts this server runs. <b>Protocol:</b> the writer's thread adds an attempt right after its claim is committed
/// and removes it right after its end is; so a later write never misses one that runs, nor finds one that has ended.
/// Anybody may look.
/// </summary>
internal sealed class RunningJobs
{
    private readonly ConcurrentDictionary<(long Id, long Fence), RunningAttempt> _attempts = [];

    public IReadOnlyList<RunningAttempt> All => [.. _attempts.Values];

    public void Add(ClaimedJob job) => _attempts[(job.Id, job.Fence)] = new RunningAttempt(job);

    public void Remove(ClaimedJob job) => _attempts.TryRemove((job.Id, job.Fence), out _);

    public RunningAttempt? Find(long id, long fence) => _attempts.GetValueOrDefault((id, fence));

    public bool Contains(RunningAttempt attempt) => Find(attempt.Job.Id, attempt.Job.Fence) == attempt;
}
