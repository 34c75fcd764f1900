namespace Treeline;

/// <summary>
/// Attempts at the same thing, of which the first success counts: started together, or each when the one before has failed
/// or has had its time.
/// </summary>
/// <remarks>
/// <b>Who wins.</b> Ends are handled in the order in which they happened, by one fiber; the first success among them wins,
/// and the others are cancelled then. A failure from before that belongs to the race: it counts only if nobody succeeds.
/// A failure from after it is one of cleanup, and surfaces from the scope. The same holds for a cancellation from outside.
/// </remarks>
/// <param name="combination">Whose attempts they are.</param>
/// <param name="attempts">The work.</param>
/// <param name="names">What each is called; null: its number.</param>
/// <param name="delay">How long the next one waits for the latest; null: they start together.</param>
/// <param name="clock">Measures the delay.</param>
internal sealed class Attempts<T>(
    Combination combination, Delegate[] attempts, string[]? names, TimeSpan? delay, TimeProvider clock)
{
    private readonly ChildTask<T>[] _children = new ChildTask<T>[attempts.Length];
    private readonly List<int> _failed = [];

    // The number of an attempt that has ended; or the complement of one that has had its time.
    private readonly Arrivals<int> _arrivals = new("the first success");
    private int _started;
    private ITimer? _timer;

    /// <summary>Runs the race in <paramref name="scope"/>, a supervising one, which throws the failures if none has succeeded.</summary>
    public async Fiber<T> RunAsync(TaskScope scope)
    {
        bool cutShort = false;
        try
        {
            do
            {
                StartNext(scope);
            }
            while (delay is null && _started < attempts.Length);

            for (int running = _started; running > 0;)
            {
                int arrival;
                while (!_arrivals.TryTake(out arrival))
                {
                    await _arrivals.Wait();
                }

                if (arrival >= 0)
                {
                    running--;
                    switch (_children[arrival].State)
                    {
                        case NodeState.Succeeded:
                            End(scope, arrival);
                            return _children[arrival].OutcomeOfEnded().Value;
                        case NodeState.Cancelled:
                            cutShort = true;
                            break;
                        default:
                            NoteFailure(scope, arrival);
                            break;
                    }
                }

                // Only the latest one's failure, or time, lets the next begin; those before it had theirs.
                int latest = arrival >= 0 ? arrival : ~arrival;
                if (latest == _started - 1 && _started < attempts.Length && !scope.IsCancellationRequested)
                {
                    StartNext(scope);
                    running++;
                }
            }
        }
        finally
        {
            _timer?.Dispose();
        }

        if (cutShort || _started < attempts.Length)
        {
            ForgetFailures();
            throw new OperationCanceledException(scope.Token);
        }

        return default!; // nobody will get it: the failures surface
    }

    private void StartNext(TaskScope scope)
    {
        int number = _started++;
        _timer?.Dispose();
        ChildTask<T> child = combination.Spawn<T>(scope, attempts[number], number, names?[number]);
        _children[number] = child;
        _arrivals.PostAtEndOf(child, number);
        if (delay is { } time && _started < attempts.Length)
        {
            _timer = clock.CreateTimer(_ => _arrivals.Post(~number), null, time, Timeout.InfiniteTimeSpan);
        }
    }

    private void End(TaskScope scope, int winner)
    {
        // Those that had failed by themselves before anything was cancelled.
        while (_arrivals.TryTake(out int arrival))
        {
            if (arrival >= 0 && _children[arrival].State == NodeState.Failed)
            {
                NoteFailure(scope, arrival);
            }
        }

        ForgetFailures();
        scope.Cancel($"'{_children[winner].Name}' has won the race");
    }

    private void NoteFailure(TaskScope scope, int number)
    {
        if (!scope.IsCancellationRequested)
        {
            _failed.Add(number);
        }
    }

    /// <summary>They do not surface.</summary>
    private void ForgetFailures() => _failed.ForEach(number => _ = _children[number].OutcomeOfEnded());
}
