namespace Treeline.Jobs;

/// <summary>
/// An attempt this server runs. <b>Protocol:</b> the first reason to stop it wins and is never changed; whichever of
/// "its scope is open" and "stop" comes second cancels the scope.
/// </summary>
internal sealed class RunningAttempt(ClaimedJob job)
{
    private readonly Lock _gate = new();
    private TaskScope? _scope;
    private StopReason _reason;

    public ClaimedJob Job { get; } = job;

    /// <summary>Why it is stopped, if it is.</summary>
    public StopReason Reason
    {
        get
        {
            lock (_gate)
            {
                return _reason;
            }
        }
    }

    /// <summary>Its scope, once it has begun.</summary>
    public TaskScope? Scope
    {
        get
        {
            lock (_gate)
            {
                return _scope;
            }
        }
    }

    /// <summary>Says in which scope the handler is about to run.</summary>
    public void Begin(TaskScope scope)
    {
        StopReason reason;
        lock (_gate)
        {
            _scope = scope;
            reason = _reason;
        }

        Cancel(scope, reason);
    }

    /// <summary>Cancels its scope. Runs what is registered on the handler's token.</summary>
    public void Stop(StopReason reason)
    {
        TaskScope? scope;
        lock (_gate)
        {
            if (_reason != StopReason.None)
            {
                return;
            }

            _reason = reason;
            scope = _scope;
        }

        if (scope is not null)
        {
            Cancel(scope, reason);
        }
    }

    private static void Cancel(TaskScope scope, StopReason reason)
    {
        if (reason != StopReason.None)
        {
            scope.Cancel(reason == StopReason.CancelRequested ? "the job was cancelled" : "the job's lease was lost");
        }
    }
}
