namespace Treeline;

/// <summary>
/// Attempts at the same thing, of which the first success counts: started together, or each when the one before has failed
/// or has had its time.
/// </summary>
/// <remarks>
/// <b>Who wins.</b> What happens is handled in the order in which it happened, by one fiber; the first success wins, and the
/// others are cancelled then, and waited for. An attempt that has failed before anything was cancelled belongs to the race:
/// its failure counts only if nobody succeeds. A failure from after a cancellation, be it the winner's or one from outside,
/// counts as one of cleanup, and surfaces from the scope, also if the attempt just happened to fail then: nobody can tell,
/// and it is reported rather than lost. Which of the two it is, the end of the attempt notes as it happens.
/// </remarks>
/// <param name="combination">Whose attempts they are.</param>
/// <param name="attempts">The work.</param>
/// <param name="names">What each is called; null: its number.</param>
/// <param name="delay">How long the next one waits for the latest; null: they start together.</param>
/// <param name="clock">Measures the delay; null: the clock of the scope.</param>
internal sealed class Attempts<T>(
    Combination combination, Delegate[] attempts, string[]? names, TimeSpan? delay, TimeProvider? clock)
{
    private readonly ChildTask<T>[] _children = new ChildTask<T>[attempts.Length];
    private readonly List<int> _failed = [];
    private readonly Arrivals<Happening> _happenings = new("the first success");
    private int _started;
    private int _running;
    private ITimer? _timer;

    /// <summary>Runs the race in <paramref name="scope"/>, a supervising one, which throws the failures if none has succeeded.</summary>
    public async Fiber<T> RunAsync(TaskScope scope)
    {
        int winner = -1;
        bool cutShort = false;
        try
        {
            do
            {
                StartNext(scope);
            }
            while (delay is null && _started < attempts.Length);

            while (_running > 0)
            {
                Happening happening;
                while (!_happenings.TryTake(out happening))
                {
                    await _happenings.Wait();
                }

                int number = happening.Attempt;
                if (happening.HasEnded)
                {
                    _running--;
                    switch (_children[number].State)
                    {
                        case NodeState.Succeeded when winner < 0:
                            winner = number;
                            scope.Cancel($"'{_children[number].Name}' has won the race");
                            break;
                        case NodeState.Cancelled:
                            cutShort = true;
                            break;
                        case NodeState.Failed when !happening.AfterCancellation:
                            _failed.Add(number);
                            break;
                    }
                }

                // Only the latest one's failure, or time, lets the next begin; those before it had theirs.
                if (number == _started - 1 && _started < attempts.Length && !scope.IsCancellationRequested)
                {
                    StartNext(scope);
                }
            }
        }
        finally
        {
            _timer?.Dispose();
        }

        if (winner >= 0)
        {
            ForgetFailures();
            return _children[winner].OutcomeOfEnded().Value;
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
        _running++;
        ChildTask<T> child = combination.Spawn<T>(scope, attempts[number], number, names?[number]);
        _children[number] = child;
        _happenings.PostMadeAtEndOf(child, () => new Happening(number, HasEnded: true, scope.IsCancellationRequested));
        if (delay is { } time && _started < attempts.Length)
        {
            _timer = (clock ?? scope.Clock).CreateTimer(
                _ => _happenings.Post(new Happening(number, HasEnded: false, AfterCancellation: false)),
                null,
                time,
                Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>They do not surface.</summary>
    private void ForgetFailures() => _failed.ForEach(number => _ = _children[number].OutcomeOfEnded());

    /// <summary>An attempt has ended, or has had its time.</summary>
    private readonly record struct Happening(int Attempt, bool HasEnded, bool AfterCancellation);
}
