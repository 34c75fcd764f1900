using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// The managed home of work that outlives the request that asked for it: sending a mail, warming a cache. It is bounded,
/// its errors go to a handler, and when the program stops it is drained. Start one where the program starts.
/// </summary>
/// <remarks>
/// <para>Its tasks are children of a scope in the node that started it, not of the request. They inherit the request's
/// execution context (<see cref="AsyncLocal{T}"/>, <see cref="TaskLocal{T}"/>), as work started anywhere in .NET does.</para>
/// <para><b>Errors.</b> A task's failure goes to the handler, as part of the task: it counts until the handler is done. If
/// the handler itself throws, both errors surface when the home is drained. Too many failures in too short a time
/// (<see cref="BackgroundTasksOptions.FailureQuota"/>), or a handler that threw, close the home: what runs goes on, more is
/// refused. What was told to nobody surfaces at the latest from the scope it was started in.</para>
/// <para><b>Protocol.</b> The fields below <c>_gate</c> belong to it. A place is taken before a task is spawned, and given
/// back when its child has ended: to who has waited longest, or else to the free ones, so while anybody waits none is free.
/// <c>_refusal</c> is written once; who writes it fails all who wait, and nobody waits from then on.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed partial class BackgroundTasks : IAsyncDisposable, IWaitQueue
{
    private readonly TaskScope _scope;
    private readonly Func<ScopeFailure, ValueTask> _onFailure;
    private readonly TimeProvider _clock;
    private readonly int _capacity;
    private readonly PlaceReturn _placeReturn;

    private readonly FailureQuota? _quota;
    private Gate _gate;
    private int _free;
    private WaiterList<Nothing> _waiters;
    private string? _refusal;
    private IReadOnlyList<ScopeFailure> _overQuota = [];
    private TaskCompletionSource<bool>? _drained;

    private BackgroundTasks(TaskScope scope, Func<ScopeFailure, ValueTask> onFailure, BackgroundTasksOptions options)
    {
        _scope = scope;
        _onFailure = onFailure;
        _clock = options.TimeProvider ?? scope.Clock;
        _capacity = _free = options.Capacity;
        _placeReturn = new PlaceReturn(this);
        _quota = options.FailureQuota is { } most ? new FailureQuota(most, options.FailureWindow, _clock) : null;
    }

    /// <summary>How many tasks there are.</summary>
    public int Count
    {
        get
        {
            using (_gate.Enter())
            {
                return _capacity - _free;
            }
        }
    }

    /// <summary>False once it takes no more work: drained, cancelled, or closed because of its failures.</summary>
    public bool IsOpen => Refusal() is null;

    /// <summary>Starts a home for background work under the node the calling code runs in, or at the top of the tree.</summary>
    /// <param name="onFailure">
    /// Gets each failure with the path of the task. Called by the task that failed, so several may run at once.
    /// </param>
    /// <param name="options">Capacity, failure quota.</param>
    /// <param name="cancellationToken">Cancels all its work; it then takes no more.</param>
    /// <param name="name">How it is shown in the tree and in errors; by default the method that starts it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The home. Drain it, or dispose it, before the program ends.</returns>
    /// <exception cref="InvalidOperationException">The node the calling code ran in has ended.</exception>
    public static BackgroundTasks Start(
        Action<ScopeFailure> onFailure,
        BackgroundTasksOptions? options = null,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(onFailure);
        return Start(
            failure =>
            {
                onFailure(failure);
                return ValueTask.CompletedTask;
            },
            options,
            cancellationToken,
            name,
            file,
            line);
    }

    /// <inheritdoc cref="Start(Action{ScopeFailure}, BackgroundTasksOptions?, CancellationToken, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static BackgroundTasks Start(
        Func<ScopeFailure, ValueTask> onFailure,
        BackgroundTasksOptions? options = null,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(onFailure);
        options ??= new BackgroundTasksOptions();
        var supervise = new ScopeOptions { Name = options.Name, OnFailure = FailurePolicy.Supervise };
        return new BackgroundTasks(
            TaskScope.Open(supervise, cancellationToken, name, file, line), onFailure, options);
    }

    /// <summary>
    /// Takes no more work, asks what runs to stop (scopes in it see that by their <see cref="CancelScope.StoppingToken"/>),
    /// gives it <paramref name="grace"/> to end, then cancels it, and waits for all of it.
    /// Cancellation: <paramref name="cancellationToken"/> ends the grace period, and not the waiting. The first call decides
    /// on both; later ones wait for the same end.
    /// </summary>
    /// <param name="grace">How long work may go on; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the grace period.</param>
    /// <returns>True if all work ended by itself, false if some was cancelled.</returns>
    /// <exception cref="ScopeException">
    /// There were more failures than the quota allows, or a handler threw. A single failure is rethrown as itself.
    /// </exception>
    /// <exception cref="InvalidOperationException">It is called by one of its own tasks, and would wait for its own end.</exception>
    public Task<bool> DrainAsync(TimeSpan grace, CancellationToken cancellationToken = default)
    {
        if (grace != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(grace, TimeSpan.Zero);
        }

        _scope.ThrowIfCalledFromBelow(nameof(DrainAsync));
        return Drain(grace, cancellationToken, out _);
    }

    /// <summary>
    /// Cancels its work and waits for it. What <see cref="DrainAsync"/> would throw is thrown here, unless that was called.
    /// Cancellation: waiting is not cancelled.
    /// </summary>
    /// <returns>A task that completes when the home has left the tree.</returns>
    /// <exception cref="ScopeException">As from <see cref="DrainAsync"/>.</exception>
    /// <exception cref="AggregateException">Callbacks registered on tokens of the tasks threw, while another drains.</exception>
    public async ValueTask DisposeAsync()
    {
        _scope.ThrowIfCalledFromBelow(nameof(DisposeAsync));
        Task<bool> drained = Drain(TimeSpan.Zero, CancellationToken.None, out bool first);
        if (first)
        {
            await drained.ConfigureAwait(SchedulerContext.IsCurrent);
            return;
        }

        try
        {
            _scope.Cancel("it was disposed");
        }
        finally
        {
            // What it throws is told to who drains it.
            await ((Task)drained.ContinueWith(
                static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default))
                .ConfigureAwait(SchedulerContext.IsCurrent);
        }
    }

    /// <summary>The path, and how full it is.</summary>
    public override string ToString() => $"a place in '{_scope.Path}' ({Count} of {_capacity} taken)";

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<Nothing>)waiter);
        }
    }

    // Called from the method that awaits what is not Treeline's, because such a one has its place in the tree published.
    private static async Fiber CallPlainAsync(Delegate work, TreeNode node, CancellationToken token)
    {
        Task task = work is Func<CancellationToken, ValueTask> valueTask
            ? valueTask(token).AsTask()
            : ((Func<CancellationToken, Task>)work)(token)
                ?? throw new InvalidOperationException($"The delegate of '{node.Path}' returned null instead of a task.");
        await task.ConfigureAwait(SchedulerContext.SuppressThrowing);
        EveryError.ThrowIfUnsuccessful(task);
    }

    /// <summary>Takes a place, or says why not.</summary>
    private bool TryEnter(out string? refusal)
    {
        refusal = Refusal();
        if (refusal is not null)
        {
            return false;
        }

        using (_gate.Enter())
        {
            if (_free == 0)
            {
                return false;
            }

            _free--;
            return true;
        }
    }

    /// <summary>Takes a place as soon as there is one. Cancellation: a cancelled wait holds none.</summary>
    private ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        if (Refusal() is { } refusal)
        {
            return ValueTask.FromException(Refused(refusal));
        }

        Executor executor = Ambient.CurrentOrRoot.Executor;
        Waiter<Nothing>? waiter = null;
        using (_gate.Enter())
        {
            refusal = _refusal;
            if (refusal is null && _free > 0)
            {
                _free--;
            }
            else if (refusal is null)
            {
                waiter = Waiter<Nothing>.Rent(this, cancellationToken);
                waiter.ResumeOn(executor);
                _waiters.Add(waiter);
            }
        }

        return waiter is not null ? waiter.AsVoidValueTask()
            : refusal is null ? ValueTask.CompletedTask
            : ValueTask.FromException(Refused(refusal));
    }

    /// <summary>A task has ended. It only posts.</summary>
    private void Leave()
    {
        Waiter<Nothing>? waiter;
        using (_gate.Enter())
        {
            if (!_waiters.TryPopClaimed(out waiter))
            {
                _free++;
            }
        }

        waiter?.Complete(default);
    }

    /// <summary>Spawns work for which a place was taken; if it cannot be, says why and gives the place back.</summary>
    private bool TrySpawn(Delegate work, CallSite site, out string? refusal)
    {
        refusal = Refusal();
        if (refusal is null)
        {
            ChildTask<Nothing> child = default;
            try
            {
                child = _scope.SpawnNothing(ct => GuardAsync(work, ct), site);
            }
            catch (InvalidOperationException) when (_scope.IsClosed)
            {
                refusal = Refusal();
            }

            if (refusal is null)
            {
                if (!child.Node.TryJoin(child.Version, _placeReturn))
                {
                    Leave();
                }

                return true;
            }
        }

        Leave();
        return false;
    }

    private async Fiber GuardAsync(Delegate work, CancellationToken token)
    {
        var child = (ChildNode)Ambient.Current!;
        try
        {
            if (work is Func<CancellationToken, Fiber> fiber)
            {
                await fiber(token);
            }
            else
            {
                await CallPlainAsync(work, child, token);
            }
        }
        catch (Exception error) when (error is not OperationCanceledException || !_scope.IsCancellationRequested)
        {
            await HandleAsync(new ScopeFailure(child.Path, error));
            child.Observe(); // the handler knows, so the scope need not tell
            throw;
        }
    }

    private async Fiber HandleAsync(ScopeFailure failure)
    {
        if (_quota is not null)
        {
            CountFailure(failure, _clock.GetTimestamp());
        }

        try
        {
            await _onFailure(failure).ConfigureAwait(SchedulerContext.IsCurrent);
        }
        catch (Exception error)
        {
            // The child fails with both, and nobody has looked at that: it surfaces from the scope.
            Refuse($"its failure handler threw {error.GetType().Name} ({error.Message})");
            throw new ScopeException(
                _scope.Path, [failure, new ScopeFailure($"{failure.Path} (its failure handler)", error)]);
        }
    }

    private void CountFailure(ScopeFailure failure, long now)
    {
        using (_gate.Enter())
        {
            if (_overQuota.Count > 0 || _quota!.Add(failure, now) is not { } tooMany)
            {
                return;
            }

            _overQuota = tooMany;
        }

        Refuse($"there were {_quota}, the last one in '{failure.Path}' ({failure.Exception.GetType().Name}: {failure.Exception.Message})");
    }

    /// <summary>Takes no more work. The first reason stays.</summary>
    private void Refuse(string reason)
    {
        var refused = default(WaiterList<Nothing>);
        using (_gate.Enter())
        {
            if (_refusal is not null)
            {
                return;
            }

            _refusal = reason;
            while (_waiters.TryPopClaimed(out Waiter<Nothing>? waiter))
            {
                refused.Add(waiter);
            }
        }

        while (refused.TryPop(out Waiter<Nothing>? waiter))
        {
            waiter.Fail(Refused(reason));
        }
    }

    private string? Refusal() =>
        Volatile.Read(ref _refusal)
        ?? _scope.CancelReason
        ?? (_scope.IsClosed ? "the code that started it has ended" : null);

    private InvalidOperationException Refused(string reason) => new(
        $"'{_scope.Path}' takes no more background work: {reason}. Do the work before the answer is given, or store it where the "
        + "next process finds it; TryRun tells without throwing.");

    private InvalidOperationException Full() => new(
        $"'{_scope.Path}' is full: {_capacity} tasks are there, its capacity. Turn the request away, wait for a place with "
        + "RunWhenFreeAsync, or raise BackgroundTasksOptions.Capacity.");

    private Task<bool> Drain(TimeSpan grace, CancellationToken cancellationToken, out bool first)
    {
        TaskCompletionSource<bool> drained;
        using (_gate.Enter())
        {
            first = _drained is null;
            drained = _drained ??= new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        if (first)
        {
            Refuse("it is being drained, or has been");
            _ = EndAsync(drained, grace, cancellationToken);
        }

        return drained.Task;
    }

    private async Task EndAsync(TaskCompletionSource<bool> drained, TimeSpan grace, CancellationToken cancellationToken)
    {
        List<ScopeFailure> failures = [];
        Task join = _scope.JoinAsync();
        try
        {
            _scope.Stop(Timeout.InfiniteTimeSpan, "it is being drained"); // the grace is a task's time, and ends with the token too
            await join.WaitAsync(grace, _clock, cancellationToken).ConfigureAwait(SchedulerContext.SuppressThrowing);
            if (!join.IsCompleted)
            {
                _scope.Cancel("it was drained, and the grace period was over");
            }
        }
        catch (Exception error)
        {
            failures.Add(new ScopeFailure(_scope.Path, error)); // of callbacks on the tasks' tokens, or of the clock
        }

        await join.ConfigureAwait(SchedulerContext.SuppressThrowing);
        using (_gate.Enter())
        {
            failures.InsertRange(0, _overQuota);
        }

        switch (join.Exception?.InnerException)
        {
            case null: // cancelled at most: that is how work that goes on has to end
                break;
            case ScopeException several:
                failures.AddRange(several.Failures);
                break;
            case var error:
                failures.Add(new ScopeFailure(_scope.Path, error));
                break;
        }

        if (failures.Count == 0)
        {
            drained.SetResult(!_scope.IsCancellationRequested);
        }
        else
        {
            Exception error = failures.Count == 1 ? failures[0].Exception : new ScopeException(_scope.Path, failures);
            drained.SetException(error);
        }
    }

    private sealed class PlaceReturn(BackgroundTasks home) : IThreadPoolWorkItem
    {
        public void Execute() => home.Leave();
    }
}
