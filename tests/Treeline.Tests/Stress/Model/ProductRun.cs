namespace Treeline.Tests.Stress.Model;

/// <summary>
/// Runs a program for real, on one thread and a clock that stands still until there is nothing to do, and writes down what
/// can be seen from outside: what code did, and after each instant the state of every node.
/// </summary>
internal sealed class ProductRun : IDisposable
{
    private readonly ModelProgram _program;
    private readonly History _history = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly DateTimeOffset _start;
    private readonly SingleThreadCrank _crank = new();
    private readonly ManualResetSignal _release = new("the end of the program");
    private readonly Dictionary<int, TaskScope> _scopes = [];
    private readonly Dictionary<int, Task> _runs = [];
    private readonly List<(string Label, ChildTask Child)> _children = [];
    private readonly Dictionary<int, CancellationTokenSource> _outer = [];
    private readonly HashSet<string> _seen = [];
    private readonly ProductErrors _errors;

    private ProductRun(ModelProgram program)
    {
        _program = program;
        _start = _clock.GetUtcNow();
        _errors = new ProductErrors(_scopes, _outer);
    }

    private long Now => Since(_clock.GetUtcNow());

    /// <summary>What happened. Whatever the program leaves running is ended afterwards, and gone when this returns.</summary>
    public static List<string> Run(ModelProgram program)
    {
        using var run = new ProductRun(program);
        run.Go();
        List<string> lines = run._history.Lines();
        lines.AddRange(run.End());
        return lines;
    }

    public void Dispose()
    {
        _crank.Dispose();
        foreach (CancellationTokenSource source in _outer.Values)
        {
            source.Dispose();
        }
    }

    private void Go()
    {
        Schedule(() => RunScope(_program.Root, CancellationToken.None));
        var meddlings = new Queue<Meddling>(_program.Meddlings.OrderBy(static meddling => meddling.At));
        while (true)
        {
            Settle();
            long? timer = _clock.NextDue is { } due ? Since(due) : null;
            if (meddlings.TryPeek(out Meddling? meddling) && !(timer < meddling.At))
            {
                JumpTo(meddling.At);
                Schedule(() => Do(meddlings.Dequeue().Deed));
            }
            else if (timer is { } at)
            {
                JumpTo(at);
            }
            else
            {
                break;
            }
        }

        // From here on they count as looked at.
        foreach ((string label, ChildTask child) in _children.Where(static one => one.Child.IsCompleted))
        {
            if (ErrorOf(child.AsTask()) is { } error)
            {
                _history.Add(History.AtTheEnd, () => $"{label} has ended with {_errors.Describe(error)}");
            }
        }

        foreach ((int id, TaskScope scope) in _scopes.Where(static one => one.Value.EndsWithItsOwner && IsOver(one.Value.State)))
        {
            string what = _errors.Describe(ErrorOf(scope.JoinAsync())) ?? "nothing";
            _history.Add(History.AtTheEnd, $"s{id} has ended with {what}");
        }
    }

    /// <summary>Ends what still runs, and says what will not end.</summary>
    private List<string> End()
    {
        Schedule(() =>
        {
            _release.Set();
            foreach (TaskScope scope in _scopes.Values)
            {
                scope.Cancel("the program is over");
            }
        });
        _crank.RunUntilIdle();
        while (_clock.NextDue is { } due)
        {
            JumpTo(Since(due));
            _crank.RunUntilIdle();
        }

        return
        [
            .. _children.Where(static one => !one.Child.IsCompleted).Select(static one => $"{one.Label} never ended"),
            .. _scopes.Where(static one => !one.Value.IsClosed).Select(static one => $"s{one.Key} never ended"),
            .. _runs.Where(static one => !one.Value.IsCompleted).Select(static one => $"nobody who awaits s{one.Key} is told"),
        ];
    }

    private void Settle()
    {
        _crank.RunUntilIdle();
        Observe();
    }

    private void JumpTo(long at) => Schedule(() => _clock.Advance(_start + TimeSpan.FromMilliseconds(at) - _clock.GetUtcNow()));

    private void Schedule(Action action) => _crank.Scheduler.Schedule(new Work(action));

    private long Since(DateTimeOffset time) => (long)(time - _start).TotalMilliseconds;

    private void Note(string what) => _history.Add(Now, what);

    // What can be seen from outside.

    private void Observe()
    {
        foreach ((int id, TaskScope scope) in _scopes)
        {
            string label = $"s{id}";
            if (scope.Cause is { } cause)
            {
                Once(label, "cancelled", $"by {cause.Origin.Name} {cause.Kind}");
            }

            if (scope.IsStopping)
            {
                Once(label, "stopping");
            }

            if (IsOver(scope.State))
            {
                Once(label, $"{scope.State}");
            }
        }

        foreach ((int id, Task run) in _runs)
        {
            if (run.IsCompleted && _seen.Add($"s{id} surfaces"))
            {
                long now = Now;
                _history.Add(now, () => $"s{id} is surfaces {_errors.Describe(ErrorOf(run)) ?? "nothing"}");
            }
        }

        foreach ((string label, ChildTask child) in _children)
        {
            if (child.IsCompleted)
            {
                Once(label, $"{child.State}");
            }
        }
    }

    private void Once(string label, string kind, string? more = null)
    {
        if (_seen.Add($"{label} {kind}"))
        {
            Note(more is null ? $"{label} is {kind}" : $"{label} is {kind} {more}");
        }
    }

    private static bool IsOver(NodeState state) =>
        state is NodeState.Succeeded or NodeState.Failed or NodeState.Cancelled or NodeState.Abandoned;

    private static Exception? ErrorOf(Task task)
    {
        try
        {
            task.GetAwaiter().GetResult();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    // What code does.

    private async Fiber RunCodeAsync(CodeSpec code, string label, TaskScope scope)
    {
        var opened = new Dictionary<int, TaskScope>();
        var spawned = new Dictionary<int, ChildTask>();
        Note($"{label} begins");
        try
        {
            try
            {
                await RunStepsAsync(code.Steps, label, scope, opened, spawned);
                await PauseAsync(code.Ending, foreign: false, CancellationToken.None);
            }
            finally
            {
                if (code.Cleanup.Count > 0)
                {
                    Note($"{label} cleans up");
                    await RunStepsAsync(code.Cleanup, label, scope, opened, spawned);
                }
            }
        }
        catch (Exception e) when (NoteThrown(label, e))
        {
            throw;
        }

        Note($"{label} returns");
    }

    private async Fiber RunStepsAsync(
        List<Step> steps, string label, TaskScope scope, Dictionary<int, TaskScope> opened, Dictionary<int, ChildTask> spawned)
    {
        foreach (Step step in steps)
        {
            CancellationToken token = step.Listens switch
            {
                Listens.ToCancellation => scope.Token,
                Listens.ToStopping => scope.StoppingToken,
                _ => CancellationToken.None,
            };
            try
            {
                await PauseAsync(step.Pause, step.Foreign, token);
            }
            catch (OperationCanceledException) when (step.Listens == Listens.ToStopping && !scope.IsCancellationRequested)
            {
                return;
            }

            switch (step)
            {
                case Step.Spawn spawn:
                    spawned.Add(spawn.Child.Id, Spawn(spawn.Child, _scopes[spawn.Into]));
                    break;
                case Step.Nest nest:
                    Task run = RunScope(nest.Scope, scope.Token);
                    if (nest.Handling != Handling.Forget)
                    {
                        await HandleAsync(run, nest.Handling, nest.ErrorId);
                    }

                    break;
                case Step.Open open:
                    TaskScope byHand = TaskScope.Open(Options(open.Scope), OuterToken(open.Scope, scope.Token));
                    _scopes.Add(open.Scope.Id, byHand);
                    opened.Add(open.Scope.Id, byHand);
                    foreach (ChildSpec child in open.Children)
                    {
                        spawned.Add(child.Id, Spawn(child, byHand));
                    }

                    break;
                case Step.Close close when opened.TryGetValue(close.Scope, out TaskScope? toClose):
                    Task closing = close.Join ? toClose.JoinAsync() : toClose.DisposeAsync().AsTask();
                    if (close.Handling != Handling.Forget)
                    {
                        await HandleAsync(closing, close.Handling, close.ErrorId);
                    }

                    break;
                case Step.Await waits when spawned.TryGetValue(waits.Child, out ChildTask awaited):
                    if (waits.AsTask)
                    {
                        await HandleAsync(awaited.AsTask(), waits.Handling, waits.ErrorId);
                    }
                    else
                    {
                        await HandleAsync(awaited, waits.Handling, waits.ErrorId);
                    }

                    break;
                case Step.Fail fail:
                    throw fail.Cancellation
                        ? new OperationCanceledException($"error {fail.ErrorId}")
                        : new OopsException($"error {fail.ErrorId}");
                case Step.Act act:
                    Do(act.Deed);
                    break;
                case Step.Limit limit:
                    await LimitAsync(limit, label, scope);
                    break;
                case Step.ReadDeadline:
                    Note($"{label} reads {(scope.Deadline is { } deadline ? Since(deadline) : null)}");
                    break;
            }
        }
    }

    private async Fiber LimitAsync(Step.Limit limit, string label, TaskScope scope)
    {
        TimeSpan time = TimeSpan.FromMilliseconds(limit.Limited);
        await using CancelScope limited = limit.Shield ? scope.Shield(time) : scope.Child();
        if (!limit.Shield)
        {
            limited.Deadline = _clock.GetUtcNow() + time;
        }

        try
        {
            await PauseAsync(limit.Work, limit.Foreign, limited.Token);
            Note($"{label} worked");
        }
        catch (OperationCanceledException) when (limited.IsCancellationRequested)
        {
            Note($"{label} was limited");
        }
    }

    private async Fiber PauseAsync(long? pause, bool foreign, CancellationToken token)
    {
        if (pause is not { } time)
        {
            await _release.WaitAsync(token);
        }
        else if (foreign)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(time), _clock, token);
        }
        else
        {
            Waiter<Nothing> waiter = Waiter<Nothing>.Rent(null, token);
            waiter.LimitTo(_clock, TimeSpan.FromMilliseconds(time), throws: false);
            await waiter.AsAwaitable();
        }
    }

    private static async Fiber HandleAsync(Task ended, Handling handling, int errorId)
    {
        try
        {
            await ended;
        }
        catch (Exception e) when (handling != Handling.Rethrow)
        {
            ThrowUnlessSwallowed(e, handling, errorId);
        }
    }

    private static async Fiber HandleAsync(ChildTask child, Handling handling, int errorId)
    {
        try
        {
            await child;
        }
        catch (Exception e) when (handling != Handling.Rethrow)
        {
            ThrowUnlessSwallowed(e, handling, errorId);
        }
    }

    private static void ThrowUnlessSwallowed(Exception error, Handling handling, int errorId)
    {
        if (handling == Handling.Wrap)
        {
            throw new OopsException($"error {errorId}", error);
        }
    }

    private ChildTask Spawn(ChildSpec spec, TaskScope scope)
    {
        string? name = spec.Named ? $"c{spec.Id}" : null;
        string file = $"c{spec.Id}";
        string label = ModelNames.Of(spec);
        ChildTask child;
        if (spec.Scope is { } own)
        {
            child = spec.Fiber
                ? scope.SpawnScope(BodyAsFiber(own), Options(own), name ?? label, file, spec.Id)
                : scope.SpawnScope(BodyAsTask(own), Options(own), name ?? label, file, spec.Id);
        }
        else
        {
            child = spec.Fiber
                ? scope.Spawn(async _ => await RunCodeAsync(spec.Code!, label, scope), name, file, spec.Id)
                : scope.Spawn((Func<CancellationToken, Task>)(_ => RunCodeAsync(spec.Code!, label, scope).AsTask()), name, file, spec.Id);
        }

        _children.Add((label, child));
        return child;
    }

    private Task RunScope(ScopeSpec spec, CancellationToken enclosing)
    {
        ScopeOptions options = Options(spec);
        CancellationToken outer = OuterToken(spec, enclosing);
        Task run = spec.Fibers
            ? TaskScope.RunAsync(BodyAsFiber(spec), options, outer)
            : TaskScope.RunAsync(BodyAsTask(spec), options, outer);
        _runs.Add(spec.Id, run);
        return run;
    }

    private Func<TaskScope, Fiber> BodyAsFiber(ScopeSpec spec) => scope =>
    {
        _scopes.Add(spec.Id, scope);
        return RunCodeAsync(spec.Body, ModelNames.Of(spec), scope);
    };

    private Func<TaskScope, Task> BodyAsTask(ScopeSpec spec) => scope =>
    {
        _scopes.Add(spec.Id, scope);
        return RunCodeAsync(spec.Body, ModelNames.Of(spec), scope).AsTask();
    };

    private ScopeOptions Options(ScopeSpec spec)
    {
        TimeSpan? timeout = Time(spec.Timeout);
        return new ScopeOptions
        {
            Name = ModelNames.Of(spec),
            Timeout = spec.AsDeadline ? null : timeout,
            Deadline = spec.AsDeadline ? _clock.GetUtcNow() + timeout : null,
            Grace = Time(spec.Grace),
            Patience = Time(spec.Patience),
            Shield = spec.Shield,
            MaxConcurrency = spec.MaxConcurrency,
            Executor = spec == _program.Root ? _crank.Scheduler : null,
            TimeProvider = spec == _program.Root ? _clock : null,
            OnFailure = spec.Policy switch
            {
                PolicySpec.FailFast => FailurePolicy.FailFast,
                PolicySpec.Supervise => FailurePolicy.Supervise,
                PolicySpec.CollectAll => FailurePolicy.CollectAll,
                PolicySpec.FirstSuccess => FailurePolicy.FirstSuccess,
                _ => FailurePolicy.Quorum(2),
            },
        };
    }

    private static TimeSpan? Time(long? milliseconds) =>
        milliseconds is { } time ? TimeSpan.FromMilliseconds(time) : null;

    private CancellationToken OuterToken(ScopeSpec spec, CancellationToken enclosing) => spec.Outer switch
    {
        Model.OuterToken.Foreign => OuterSource(spec.Id).Token,
        Model.OuterToken.OfEnclosingScope => enclosing,
        _ => CancellationToken.None,
    };

    private CancellationTokenSource OuterSource(int scope)
    {
        if (!_outer.TryGetValue(scope, out CancellationTokenSource? source))
        {
            _outer.Add(scope, source = new CancellationTokenSource());
        }

        return source;
    }

    private void Do(Deed deed)
    {
        if (deed.Kind == DeedKind.CancelOuterToken)
        {
            OuterSource(deed.Scope).Cancel();
        }
        else if (_scopes.TryGetValue(deed.Scope, out TaskScope? scope))
        {
            switch (deed.Kind)
            {
                case DeedKind.Cancel:
                    scope.Cancel();
                    break;
                case DeedKind.Stop:
                    scope.Stop(Time(deed.Time));
                    break;
                default:
                    scope.Deadline = _clock.GetUtcNow() + Time(deed.Time);
                    break;
            }
        }
    }

    private bool NoteThrown(string label, Exception error)
    {
        _history.Add(Now, () => $"{label} throws {_errors.Describe(error)}");
        return false;
    }

    private sealed class Work(Action action) : IThreadPoolWorkItem
    {
        public void Execute() => action();
    }
}
