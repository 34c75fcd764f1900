using System.Runtime.ExceptionServices;

namespace Treeline;

/// <summary>
/// Tries again what fails: exponential backoff with jitter, limits on attempts and on time. A policy; make one and share it.
/// </summary>
/// <example><code>
/// static readonly Retry s_bank = new() { MaxAttempts = 5, AttemptTimeout = TimeSpan.FromSeconds(2), RetryWhen = e => e is HttpRequestException or TimeoutException };
/// decimal balance = await s_bank.RunAsync(ct => bank.BalanceAsync(account, ct), cancellationToken);
/// </code></example>
/// <remarks>
/// <para>All of it runs in a scope, and each attempt in a scope of its own below: an attempt has ended, with all that it
/// started, before the next begins. Times are on the clock of the enclosing scope.</para>
/// <para>The caller's own cancellation, and deadlines above, are never retried. An <see cref="OperationCanceledException"/> that
/// comes from elsewhere is an error like any other.</para>
/// </remarks>
public sealed partial class Retry
{
    // Who tries for days is to need no more memory for it each time.
    private const int MostErrors = 100;

    /// <summary>How many attempts there are at most, the first included; null: no limit. By default 3.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int? MaxAttempts
    {
        get;
        init
        {
            if (value is { } limit)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1, nameof(MaxAttempts));
            }

            field = value;
        }
    }
        = 3;

    /// <summary>
    /// No attempt begins later than this after the first. It cuts no attempt short: for that give an
    /// <see cref="AttemptTimeout"/>, or a time limit around it all. Null: no limit.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan? MaxElapsed
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value ?? TimeSpan.Zero, TimeSpan.Zero, nameof(MaxElapsed));
            field = value;
        }
    }

    /// <summary>How long one attempt may take; then it is cancelled, and has failed with <see cref="TimeoutException"/>. Null: no limit.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan? AttemptTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value ?? TimeSpan.Zero, TimeSpan.Zero, nameof(AttemptTimeout));
            field = value;
        }
    }

    /// <summary>What the wait after the first attempt is reckoned from; it doubles with each. By default 100 ms.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan FirstDelay
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero, nameof(FirstDelay));
            field = value;
        }
    }
        = TimeSpan.FromMilliseconds(100);

    /// <summary>No wait is longer than this. By default 20 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan MaxDelay
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero, nameof(MaxDelay));
            field = value;
        }
    }
        = TimeSpan.FromSeconds(20);

    /// <summary>How chance spreads the waits. By default <see cref="BackoffJitter.Full"/>.</summary>
    public BackoffJitter Jitter { get; init; }

    /// <summary>Which errors are worth another attempt; others surface as themselves. By default all.</summary>
    public Func<Exception, bool>? RetryWhen { get; init; }

    /// <summary>What all who share it may retry together. Null: no such limit.</summary>
    public RetryBudget? Budget { get; init; }

    /// <summary>Where chance comes from.</summary>
    internal Random Random { get; init; } = Random.Shared;

    /// <summary>Runs attempts until one succeeds, whose task is the result.</summary>
    private Task<Task> StartAsync(Func<ScopeOptions, Task> start, CallSite site, CancellationToken cancellationToken) =>
        TaskScope.RunAsync<Task>(scope => TryAsync(scope, start), cancellationToken, site.Name!, site.File, site.Line);

    private async Fiber<Task> TryAsync(TaskScope scope, Func<ScopeOptions, Task> start)
    {
        TimeProvider clock = scope.Clock;
        long begin = clock.GetTimestamp();
        var backoff = new Backoff(FirstDelay, MaxDelay, Jitter, Random);
        var errors = new Queue<Exception>();
        for (int attempts = 1; ; attempts++)
        {
            Task attempt = start(new ScopeOptions { Name = $"attempt {attempts}", Timeout = AttemptTimeout });
            try
            {
                await attempt.ConfigureAwait(SchedulerContext.IsCurrent);
                Budget?.PutBack();
                return attempt;
            }
            catch (Exception e) when (!scope.IsCancellationRequested)
            {
                if (RetryWhen?.Invoke(e) == false)
                {
                    throw;
                }

                if (errors.Count == MostErrors)
                {
                    errors.Dequeue();
                }

                errors.Enqueue(e);
            }

            TimeSpan delay = backoff.Next();
            string? reason = attempts == MaxAttempts ? $"{nameof(MaxAttempts)} is {MaxAttempts}"
                : clock.GetElapsedTime(begin) + delay > MaxElapsed ? $"the next attempt would begin after the {nameof(MaxElapsed)} of {MaxElapsed}"
                : Budget?.TryTake() == false ? "the budget for retries is used up"
                : null;
            if (reason is not null)
            {
                if (attempts == 1)
                {
                    ExceptionDispatchInfo.Throw(errors.Peek());
                }

                throw new RetryException(scope.Path, attempts, [.. errors], reason);
            }

            await Clock.Delay(delay, clock, scope.Token).ConfigureAwait(SchedulerContext.IsCurrent);
        }
    }
}
