using System.Runtime.ExceptionServices;

namespace Treeline;

/// <summary>One call of <c>TaskScope.StartAsync</c>: between the service, which runs as a child, and whoever waits for it.</summary>
/// <remarks>
/// <b>Protocol.</b> <c>_state</c> leaves <c>Starting</c> once, under the gate: to <c>Ready</c> (the service reported),
/// <c>Abandoned</c> (the caller's token) or <c>Ended</c> (the service's code is over). Who starts and wants no service any
/// more has to wait for its end all the same, so only <c>Ready</c> and the end of the child set the signal. What the
/// waiting side reads was written under the gate or before the child ended, and the signal comes after both.
/// </remarks>
/// <typeparam name="T">What the service reports.</typeparam>
internal sealed class ServiceStart<T> : IThreadPoolWorkItem
{
    private readonly TaskScope _scope;
    private readonly Delegate _service;
    private readonly CancellationToken _cancellationToken;
    private readonly NodeRef _caller = new(Ambient.CurrentOrRoot);
    private readonly ManualResetSignal _over = new("a service to be ready");

    private Gate _gate;
    private State _state;
    private T? _value;

    // Written by the child before it ends, if it is not ready by then.
    private Exception? _error;
    private bool _surfacesFromScope;

    // Written by the child before its service runs.
    private CancellationTokenRegistration _registration;
    private TaskScope? _own;

    public ServiceStart(TaskScope scope, Delegate service, CancellationToken cancellationToken)
    {
        _scope = scope;
        _service = service;
        _cancellationToken = cancellationToken;
    }

    private enum State
    {
        Starting,
        Ready,
        Abandoned,
        Ended,
    }

    /// <summary>The child: runs the service.</summary>
    public async Fiber RunAsync(CancellationToken token)
    {
        try
        {
            if (_cancellationToken.CanBeCanceled)
            {
                // A scope of its own, so that all of the service can be cancelled and nothing else is.
                await TaskScope.RunAsync(RunAloneAsync, name: "service").ConfigureAwait(SchedulerContext.IsCurrent);
            }
            else
            {
                await CallAsync(token);
            }

            KeepIfNotReady(null);
        }
        catch (Exception e) when (KeepIfNotReady(e))
        {
            // It is thrown where the service was started, and only there.
        }
    }

    /// <summary>What <c>StartAsync</c> gives.</summary>
    /// <param name="child">The child that runs the service.</param>
    /// <param name="version">Which child that object is.</param>
    public Task<T> ResultAsync(ChildNode child, int version)
    {
        Task<T> result = WaitAsync(child, version);
        _ = result.ContinueWith(
            static (task, start) =>
            {
                if (((ServiceStart<T>)start!)._surfacesFromScope)
                {
                    _ = task.Exception; // so this task must not count as unobserved as well
                }
            },
            this,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return result;
    }

    public void Report(T value)
    {
        State before;
        using (_gate.Enter())
        {
            before = _state;
            if (before == State.Starting)
            {
                _value = value;
                _state = State.Ready;
            }
        }

        switch (before)
        {
            case State.Starting:
                _registration.Unregister();
                _over.Set();
                return;
            case State.Abandoned:
                throw new OperationCanceledException(
                    $"The start of a service in '{_scope.Path}' was cancelled before it was ready: nobody waits for it any more.",
                    _own!.Token);
            case State.Ready:
                throw new InvalidOperationException(
                    $"A service in '{_scope.Path}' reported a second time that it is ready. StartAsync has returned with the first "
                    + "report; hand out later values by other means.");
            default:
                throw new InvalidOperationException(
                    $"A service in '{_scope.Path}' reported that it is ready after its code had ended. Report while it runs, and "
                    + "return when it has stopped serving.");
        }
    }

    /// <summary>The child has ended. It only posts.</summary>
    void IThreadPoolWorkItem.Execute() => _over.Set();

    private async Task<T> WaitAsync(ChildNode child, int version)
    {
        if (!child.TryJoin(version, this))
        {
            _over.Set();
        }

        await _over.WaitAsync().ConfigureAwait(SchedulerContext.IsCurrent);
        State state;
        using (_gate.Enter())
        {
            state = _state;
        }

        if (state == State.Ready)
        {
            return _value!;
        }

        if (_error is null)
        {
            child.ThrowIfUnsuccessful(version); // it never began
        }

        ExceptionDispatchInfo.Throw(_error!);
        return default; // not reached
    }

    private async Fiber RunAloneAsync(TaskScope own)
    {
        _own = own;
        _registration = _cancellationToken.UnsafeRegister(static start => ((ServiceStart<T>)start!).Abandon(), this);
        try
        {
            own.Token.ThrowIfCancellationRequested();
            await CallAsync(own.Token);
        }
        finally
        {
            _registration.Unregister();
        }
    }

    private async Fiber CallAsync(CancellationToken token)
    {
        var readiness = new Readiness<T>(this);
        if (_service is Func<Readiness<T>, CancellationToken, Fiber> fiber)
        {
            await fiber(readiness, token);
        }
        else
        {
            await CallPlainAsync(readiness, token);
        }
    }

    // Called from the method that awaits what is not Treeline's, because such a one has its place in the tree published.
    private async Fiber CallPlainAsync(Readiness<T> readiness, CancellationToken token)
    {
        Task task = _service is Func<Readiness<T>, CancellationToken, ValueTask> valueTask
            ? valueTask(readiness, token).AsTask()
            : ((Func<Readiness<T>, CancellationToken, Task>)_service)(readiness, token)
                ?? throw new InvalidOperationException(
                    $"The delegate of a service in '{_scope.Path}' returned null instead of a task.");
        await task.ConfigureAwait(SchedulerContext.SuppressThrowing);
        EveryError.ThrowIfUnsuccessful(task);
    }

    /// <summary>The caller's token was cancelled. What callbacks throw reaches whoever cancelled it.</summary>
    private void Abandon()
    {
        using (_gate.Enter())
        {
            if (_state != State.Starting)
            {
                return;
            }

            _state = State.Abandoned;
        }

        _own!.Cancel("the token given to StartAsync was cancelled before the service was ready");
    }

    /// <summary>The service's code is over. True if how it ended is for whoever started it, and not for the scope.</summary>
    private bool KeepIfNotReady(Exception? error)
    {
        State before;
        using (_gate.Enter())
        {
            before = _state;
            if (before == State.Starting)
            {
                _state = State.Ended;
            }
        }

        if (before == State.Ready)
        {
            return false;
        }

        bool cutShort = error is null or OperationCanceledException;
        if (before == State.Abandoned && cutShort)
        {
            _error = new OperationCanceledException(
                $"The start of a service in '{_scope.Path}' was cancelled before it was ready; it has ended.", error, _cancellationToken);
            return true;
        }

        if (cutShort && _scope.IsCancellationRequested)
        {
            _error = error ?? new NodeCanceledException(
                _scope, "was cancelled before a service in it was ready", _scope.Cause!, _scope.Token);
            return false; // an ordinary cancelled child
        }

        _error = error ?? new InvalidOperationException(
            $"A service in '{_scope.Path}' ended without having reported that it is ready. Call Report on the readiness it is "
            + "given once it serves; if it could not start, throw what went wrong.");

        // As with any scope that nobody is left to await: no error is lost.
        _surfacesFromScope = _caller.Node is not { } caller || caller.OwnWorkEnded || caller.IsClosed;
        if (_surfacesFromScope && error is null)
        {
            _scope.ChildFailed(_scope, _error);
        }

        return !_surfacesFromScope;
    }
}
