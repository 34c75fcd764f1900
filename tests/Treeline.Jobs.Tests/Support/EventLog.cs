namespace Treeline.Jobs.Tests;

/// <summary>Every event so far, in order; a test waits for one and takes it, so that the next wait is for a later one.</summary>
internal sealed class EventLog
{
    private readonly Lock _gate = new();
    private readonly List<JobEvent> _all = [];
    private readonly HashSet<JobEvent> _taken = new(ReferenceEqualityComparer.Instance);
    private readonly List<(long Id, JobState State, TaskCompletionSource<JobEvent> Waiter)> _waiters = [];

    public IReadOnlyList<JobEvent> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _all];
            }
        }
    }

    public IReadOnlyList<JobState> StatesOf(long id) => [.. All.Where(happened => happened.Id == id).Select(happened => happened.State)];

    public void Add(JobEvent happened)
    {
        lock (_gate)
        {
            _all.Add(happened);
            int waiter = _waiters.FindIndex(waiter => waiter.Id == happened.Id && waiter.State == happened.State);
            if (waiter >= 0)
            {
                _taken.Add(happened);
                _waiters[waiter].Waiter.SetResult(happened);
                _waiters.RemoveAt(waiter);
            }
        }
    }

    /// <summary>The first event of that kind that no earlier wait has got. Fails after half a minute of real time.</summary>
    public Task<JobEvent> UntilAsync(long id, JobState state)
    {
        lock (_gate)
        {
            JobEvent? there = _all.Find(happened => happened.Id == id && happened.State == state && !_taken.Contains(happened));
            if (there is not null)
            {
                _taken.Add(there);
                return Task.FromResult(there);
            }

            var waiter = new TaskCompletionSource<JobEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((id, state, waiter));
            return waiter.Task.WaitAsync(Deadline.Of);
        }
    }
}
