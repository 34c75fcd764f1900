namespace Treeline.Tests.Stress.Model;

/// <summary>
/// Says what becomes of a program, by the contract alone: one thing after the other, no locks, no tasks, nothing of the
/// product's. Code is an iterator that yields what it waits for. In each instant whatever can go on goes on, and whatever
/// can close closes, until nothing changes; then time jumps to the next thing that is due.
/// </summary>
/// <remarks>It refuses a program in which two things are due at once, or the outcome hangs on an order within an instant.</remarks>
internal sealed class SequentialModel
{
    private readonly ModelProgram _program;
    private readonly History _history = new();
    private readonly List<Node> _nodes = [];
    private readonly List<Thread> _threads = [];
    private readonly Dictionary<int, Scope> _scopes = [];
    private readonly Dictionary<int, Child> _children = [];
    private readonly HashSet<int> _cancelledTokens = [];
    private readonly Dictionary<ModelError, long> _firstEnded = [];
    private readonly Queue<Meddling> _meddlings;
    private long _now;

    private SequentialModel(ModelProgram program)
    {
        _program = program;
        _meddlings = new Queue<Meddling>(program.Meddlings.OrderBy(static meddling => meddling.At));
    }

    private enum CauseKind
    {
        Requested,
        OuterToken,
        Failure,
        Deadline,
        OwnerEnded,
        GraceOver,
        Decided,
    }

    /// <exception cref="AmbiguousException">The contract does not say.</exception>
    public static History Run(ModelProgram program)
    {
        var model = new SequentialModel(program);
        model.Run();
        return model._history;
    }

    private void Run()
    {
        Start(new Thread(this, RunScope(_program.Root, null, null, Handling.Rethrow, 0)));
        do
        {
            while (_threads.ToArray().Count(static thread => thread.TryGoOn()) + _nodes.ToArray().Reverse().Count(TryClose) > 0)
            {
            }

            Observe();
        }
        while (TryJump());

        foreach (Child child in _children.Values.Where(static child => child is { Closed: true, Error: not null }))
        {
            _history.Add(History.AtTheEnd, $"{child.Label} has ended with {child.Error}");
        }

        foreach (Scope scope in _scopes.Values.Where(static scope => scope is { IsOver: true, ByHand: true }))
        {
            _history.Add(History.AtTheEnd, $"{scope.Label} has ended with {(object?)scope.Surfaces ?? "nothing"}");
        }
    }

    // Time.

    private bool TryJump()
    {
        var due = new List<(long At, Action Happens)>();
        if (_meddlings.TryPeek(out Meddling? meddling))
        {
            due.Add((meddling.At, () => Do(_meddlings.Dequeue().Deed)));
        }

        foreach (Thread thread in _threads)
        {
            if (thread.Wait is { Due: { } at })
            {
                due.Add((at, static () => { }));
            }
        }

        foreach (Scope scope in _nodes.OfType<Scope>().Where(static scope => !scope.Closed))
        {
            if (scope.Cause is null && scope.DeadlineDue is { } deadline)
            {
                due.Add((deadline, () => Cancel(scope, CauseKind.Deadline)));
            }

            if (scope.Cause is null && scope.GraceDue is { } grace)
            {
                due.Add((grace, () => Cancel(scope, CauseKind.GraceOver)));
            }

            if (scope.PatienceDue is { } patience && !scope.Abandoned)
            {
                due.Add((patience, () => Abandon(scope)));
            }
        }

        if (due.Count == 0)
        {
            return false;
        }

        long next = due.Min(static one => one.At);
        List<Action> now = [.. due.Where(one => one.At == next).Select(static one => one.Happens)];
        Refuse(now.Count > 1 || next == _now);
        _now = next;
        now[0]();
        return true;
    }

    private static void Refuse(bool ambiguous)
    {
        if (ambiguous)
        {
            throw new AmbiguousException();
        }
    }

    // What code does.

    /// <summary>Code of a node, in its scope.</summary>
    private IEnumerable<Wait> RunCode(CodeSpec code, Node node, Scope scope, Frame frame)
    {
        var opened = new HashSet<int>();
        var spawned = new HashSet<int>();
        _history.Add(_now, $"{node.Label} begins");
        foreach (Wait wait in RunSteps(code.Steps, node, scope, opened, spawned, frame))
        {
            yield return wait;
        }

        if (frame.Error is null)
        {
            yield return new Wait(_now + code.Ending, null);
        }

        if (code.Cleanup.Count > 0)
        {
            _history.Add(_now, $"{node.Label} cleans up");
            ModelError? before = frame.Error;
            frame.Error = null;
            foreach (Wait wait in RunSteps(code.Cleanup, node, scope, opened, spawned, frame))
            {
                yield return wait;
            }

            frame.Error ??= before;
        }

        string end = frame.Error is { } error ? $"throws {error}" : "returns";
        _history.Add(_now, $"{node.Label} {end}");
    }

    private IEnumerable<Wait> RunSteps(
        List<Step> steps, Node node, Scope scope, HashSet<int> opened, HashSet<int> spawned, Frame frame)
    {
        foreach (Step step in steps)
        {
            yield return new Wait(step.Pause is { } pause ? _now + pause : null, null)
            {
                CutBy = step.Listens == Listens.ToNothing ? null : scope,
                StoppedBy = step.Listens == Listens.ToStopping ? scope : null,
            };
            if (step.Listens != Listens.ToNothing && scope.Cause is not null)
            {
                frame.Error = ModelError.Cut;
                yield break;
            }

            if (step.Listens == Listens.ToStopping && scope.IsStopping)
            {
                yield break;
            }

            switch (step)
            {
                case Step.Spawn spawn:
                    frame.Error = Spawn(spawn.Child, _scopes[spawn.Into]);
                    if (frame.Error is null)
                    {
                        spawned.Add(spawn.Child.Id);
                    }

                    break;
                case Step.Nest nest:
                    foreach (Wait wait in RunScope(nest.Scope, node, scope, nest.Handling, nest.ErrorId, frame))
                    {
                        yield return wait;
                    }

                    break;
                case Step.Open open:
                    var byHand = new Scope(this, open.Scope, node) { ByHand = true };
                    OpenScope(byHand, scope);
                    opened.Add(open.Scope.Id);
                    foreach (ChildSpec child in open.Children)
                    {
                        Spawn(child, byHand);
                        spawned.Add(child.Id);
                    }

                    break;
                case Step.Close close when opened.Contains(close.Scope):
                    Scope closed = _scopes[close.Scope];
                    bool dispose = !close.Join;
                    bool joinedBefore = closed.Joined;
                    if (dispose && !joinedBefore)
                    {
                        Cancel(closed, CauseKind.Requested);
                    }

                    closed.Joined = true;
                    closed.Forgotten = close.Handling == Handling.Forget;
                    EndOwnWork(closed);
                    if (closed.Forgotten)
                    {
                        break;
                    }

                    yield return new Wait(null, () => closed.IsOver);
                    ModelError? surfaces = closed.Surfaces;
                    if (dispose && (joinedBefore || (surfaces is { IsCancellation: true } && closed.Final == "Cancelled")))
                    {
                        surfaces = null;
                    }

                    frame.Error = Handle(surfaces, close.Handling, close.ErrorId);
                    break;
                case Step.Await waits when spawned.Contains(waits.Child):
                    Child awaited = _children[waits.Child];
                    awaited.Observed |= waits.AsTask;
                    yield return new Wait(null, () => awaited.Closed);
                    awaited.Observed = true;
                    frame.Error = Handle(awaited.Error, waits.Handling, waits.ErrorId);
                    break;
                case Step.Fail fail:
                    frame.Error = new ModelError($"error {fail.ErrorId}", fail.Cancellation);
                    break;
                case Step.Act act:
                    Do(act.Deed);
                    break;
                case Step.Limit limit:
                    var limited = new Scope(this, null, scope) { OpenedBelow = scope != node, Shield = limit.Shield, DeadlineDue = _now + limit.Limited };
                    Inherit(limited, scope);
                    yield return new Wait(_now + limit.Work, null) { CutBy = limited };
                    _history.Add(_now, $"{node.Label} {(limited.Cause is null ? "worked" : "was limited")}");
                    EndOwnWork(limited);
                    break;
                case Step.ReadDeadline:
                    _history.Add(_now, $"{node.Label} reads {scope.EffectiveDeadline()}");
                    break;
            }

            if (frame.Error is not null)
            {
                yield break;
            }
        }
    }

    /// <summary>Runs a scope around its body, and waits for it unless it is forgotten.</summary>
    private IEnumerable<Wait> RunScope(
        ScopeSpec spec, Node? owner, Scope? enclosing, Handling handling, int errorId, Frame? frame = null)
    {
        var scope = new Scope(this, spec, owner);
        OpenScope(scope, enclosing);
        if (scope.Cause is not null)
        {
            scope.Unseen = true;
            scope.BodyCut = true;
            EndOwnWork(scope);
        }
        else
        {
            Start(new Thread(this, RunBody(scope)));
        }

        scope.Forgotten = handling == Handling.Forget;
        if (!scope.Forgotten)
        {
            yield return new Wait(null, () => scope.IsOver);
            if (frame is not null)
            {
                frame.Error = Handle(scope.Surfaces, handling, errorId);
            }
        }
    }

    private IEnumerable<Wait> RunBody(Scope scope)
    {
        var frame = new Frame();
        foreach (Wait wait in RunCode(scope.Spec!.Body, scope, scope, frame))
        {
            yield return wait;
        }

        if (frame.Error is { IsCancellation: true } && scope.Cause is not null)
        {
            scope.BodyCut = true;
        }
        else if (frame.Error is { } error)
        {
            NoteOfBody(scope, error);
            Cancel(scope, CauseKind.Failure);
        }

        EndOwnWork(scope);
    }

    private IEnumerable<Wait> RunChild(Child child)
    {
        var frame = new Frame();
        IEnumerable<Wait> work = child.Spec.Scope is { } scope
            ? RunScope(scope, child, child.Scope, Handling.Rethrow, 0, frame)
            : RunCode(child.Spec.Code!, child, child.Scope, frame);
        foreach (Wait wait in work)
        {
            yield return wait;
        }

        EndChild(child, frame.Error);
    }

    private static ModelError? Handle(ModelError? error, Handling handling, int errorId) => handling switch
    {
        Handling.Wrap when error is not null => new ModelError($"error {errorId}", IsCancellation: false, (null, error)),
        Handling.Swallow => null,
        _ => error,
    };

    private void Do(Deed deed)
    {
        if (deed.Kind == DeedKind.CancelOuterToken)
        {
            if (_cancelledTokens.Add(deed.Scope) && _scopes.TryGetValue(deed.Scope, out Scope? given) && given.Spec!.Outer == OuterToken.Foreign)
            {
                Cancel(given, CauseKind.OuterToken);
            }
        }
        else if (_scopes.TryGetValue(deed.Scope, out Scope? scope) && !scope.Unseen)
        {
            switch (deed.Kind)
            {
                case DeedKind.Cancel:
                    Cancel(scope, CauseKind.Requested);
                    break;
                case DeedKind.Stop:
                    Stop(scope, deed.Time ?? scope.Spec!.Grace);
                    break;
                default:
                    scope.DeadlineDue = _now + deed.Time;
                    break;
            }
        }
    }

    // Spawning and ending.

    private void Start(Thread thread)
    {
        _threads.Add(thread);
        thread.TryGoOn();
    }

    private void OpenScope(Scope scope, Scope? enclosing)
    {
        _scopes.Add(scope.Spec!.Id, scope);
        scope.DeadlineDue = _now + scope.Spec.Timeout;
        scope.OuterIsCancelled = scope.Spec.Outer switch
        {
            OuterToken.Foreign => () => _cancelledTokens.Contains(scope.Spec.Id),
            OuterToken.OfEnclosingScope => () => enclosing?.Cause is not null,
            _ => static () => false,
        };
        scope.OuterName = scope.Spec.Outer == OuterToken.Foreign ? $"outer token of {scope.Label}" : $"token of {enclosing?.Label}";
        scope.Shield = scope.Spec.Shield;
        if (scope.Parent is not null)
        {
            Inherit(scope, enclosing!);
        }

        if (scope.Spec.Outer == OuterToken.Foreign && scope.OuterIsCancelled())
        {
            Cancel(scope, CauseKind.OuterToken);
        }
    }

    private void Inherit(Scope scope, Scope from)
    {
        if (!scope.Shield)
        {
            scope.Cause = from.Cause;
            scope.Stopped = from.Stopped;
            scope.StoppedAt = from.Stopped ? _now : null;
        }
    }

    private ModelError? Spawn(ChildSpec spec, Scope scope)
    {
        if (scope.Closed || scope.Abandoned)
        {
            return new ModelError($"{scope.Label} has ended", IsCancellation: false);
        }

        var child = new Child(this, spec, scope);
        _children.Add(spec.Id, child);
        if (scope.Cause is not null)
        {
            EndChild(child, Unstarted(child));
        }
        else if (scope.Spec!.MaxConcurrency is { } places && scope.Nested.OfType<Child>().Count(static one => one.HasPlace) >= places)
        {
            scope.Waiting.Enqueue(child);
        }
        else
        {
            Launch(child);
        }

        return null;
    }

    private void Launch(Child child)
    {
        child.HasPlace = true;
        child.LaunchedAt = _now;
        Start(new Thread(this, RunChild(child)));
    }

    private static ModelError Unstarted(Child child) => new($"{child.Label} did not start", IsCancellation: true);

    /// <summary>The code of a child has come to its end, or never began.</summary>
    private void EndChild(Child child, ModelError? error)
    {
        child.Error = error;
        if (error is { IsCancellation: true } && child.Scope.Cause is not null)
        {
            child.WasCancelled = true;
            child.Scope.ChildCut = true;
        }
        else if (error is { IsCancellation: true } && child.Nested.OfType<Scope>().Any(
            scope => scope.Spawned && scope.Final == "Cancelled" && scope.Surfaces == error && scope.Cause is { Kind: not CauseKind.OuterToken } cause && cause.Origin == scope))
        {
            child.WasCancelled = true;
        }
        else if (error is not null)
        {
            ChildFailed(child.Scope, child, error);
        }

        // An old cancellation, met in the instant in which the scope is cancelled: before it, it is a failure, after it, none.
        if (error is { IsCancellation: true } && !_firstEnded.TryAdd(error, _now) && _firstEnded[error] < _now)
        {
            Refuse(child.Scope.Cause is not null && child.Scope.CancelledAt == _now && child.WasCancelled);
            child.Scope.MetCancellationAt = _now;
        }

        EndOwnWork(child);
    }

    private void ChildFailed(Scope scope, Node node, ModelError error)
    {
        Note(scope, node, error);
        if (scope.Spec!.Policy == PolicySpec.FailFast)
        {
            Cancel(scope, CauseKind.Failure);
        }
    }

    /// <summary>A node's own code has ended. What it has opened by hand ends with it.</summary>
    private void EndOwnWork(Node node)
    {
        if (node.OwnWorkEndedAt is not null)
        {
            return;
        }

        node.OwnWorkEndedAt = _now;
        Refuse(node.Nested.OfType<Scope>().Any(scope => scope.Closed && scope.LostAt == _now));
        foreach (Scope scope in node.Nested.OfType<Scope>().Where(static scope => !scope.Closed && scope.EndsWithItsOwner && !scope.OpenedBelow).ToList())
        {
            Cancel(scope, CauseKind.OwnerEnded);
            EndOwnWork(scope);
        }

        TryClose(node);
    }

    private bool TryClose(Node node)
    {
        if (node.Closed || node.OwnWorkEndedAt is null || node.Nested.Any(static nested => !nested.Closed))
        {
            return false;
        }

        node.Closed = true;
        if (node is Child child)
        {
            CloseChild(child);
        }
        else if (node is Scope { Spec: not null, Abandoned: false } scope)
        {
            scope.Surfaces = WhatSurfaces(scope, null);
            Report(scope);
        }

        return true;
    }

    private void CloseChild(Child child)
    {
        Scope scope = child.Scope;
        child.Final = child.WasCancelled ? "Cancelled" : child.Error is not null ? "Failed" : "Succeeded";
        scope.Succeeded += child.Final == "Succeeded" ? 1 : 0;
        if (scope.SuccessesNeeded is { } needed && scope.Succeeded >= needed)
        {
            Cancel(scope, CauseKind.Decided);
        }

        if (child.HasPlace)
        {
            child.HasPlace = false;
            if (scope.Cause is null && scope.Waiting.TryDequeue(out Child? next))
            {
                Launch(next);
            }
        }
    }

    // Cancellation.

    private void Cancel(Scope scope, CauseKind kind) => Mark(scope, new Cause(scope, kind));

    private void Mark(Scope scope, Cause cause)
    {
        Refuse(scope.MetCancellationAt == _now);
        if (scope.Cause is not null || scope.Closed)
        {
            return;
        }

        // Who has been asked to stop in this very instant may or may not have gone on, and who has been started, begun.
        Refuse(scope.StoppedAt == _now);
        Refuse(scope.Nested.OfType<Child>().Any(child => child.LaunchedAt == _now && child.OwnWorkEndedAt is null));
        scope.Cause = cause;
        scope.CancelledAt = _now;
        scope.PatienceDue = _now + scope.Spec?.Patience;
        foreach (Scope nested in scope.ScopesBelow().ToList())
        {
            Mark(nested, cause);
        }

        while (scope.Waiting.TryDequeue(out Child? child))
        {
            EndChild(child, Unstarted(child));
        }
    }

    private void Stop(Scope scope, long? grace)
    {
        if (scope.Cause is null && _now + grace is { } due)
        {
            scope.GraceDue = Math.Min(due, scope.GraceDue ?? long.MaxValue);
        }

        MarkStopping(scope);
    }

    private void MarkStopping(Scope scope)
    {
        if (!scope.IsStopping && !scope.Closed)
        {
            scope.Stopped = true;
            scope.StoppedAt = _now;
            foreach (Scope nested in scope.ScopesBelow())
            {
                MarkStopping(nested);
            }
        }
    }

    /// <summary>The patience is over: the scope gives up, if it waits for anything.</summary>
    private void Abandon(Scope scope)
    {
        scope.PatienceDue = null;
        List<Node> running = [.. scope.Below().Where(static node => node.OwnCodeRuns)];
        if (running.Count == 0)
        {
            return;
        }

        string left = string.Join(' ', running.Select(static node => node.Path).Order(StringComparer.Ordinal));
        scope.Surfaces = WhatSurfaces(scope, new ModelError($"{scope.Path} abandons {left}", IsCancellation: false));
        scope.Abandoned = true;
        Report(scope);
        scope.Parent?.Nested.Remove(scope);
        scope.Parent = null;
        if (scope.ByHand)
        {
            EndOwnWork(scope);
        }
    }

    // Errors.

    private void Note(Scope scope, Node node, ModelError error)
    {
        if (scope.Known.Add(error))
        {
            Refuse(scope.Failures.Any(failure => failure.At == _now));
            scope.Failures.Add(new Failure(_now, node, error, OfBody: false, Late: scope.Cause is not null));
        }
    }

    /// <summary>The body has rethrown, bare or wrapped, what its error carries: that is not reported twice.</summary>
    private void NoteOfBody(Scope scope, ModelError error)
    {
        HashSet<ModelError> carried = [.. error.All()];
        Failure? first = scope.Failures.FirstOrDefault(failure => carried.Contains(failure.Error));
        if (first is null)
        {
            Note(scope, scope, error);
            scope.Failures[^1] = scope.Failures[^1] with { OfBody = true };
            return;
        }

        scope.Known.Add(error);
        scope.Failures[scope.Failures.IndexOf(first)] =
            new Failure(first.At, first.Error == error ? first.Node : scope, error, OfBody: true, first.Late);
        scope.Failures.RemoveAll(failure => !failure.OfBody && carried.Contains(failure.Error));
    }

    private static ModelError? WhatSurfaces(Scope scope, ModelError? abandons)
    {
        bool cut = scope.Cause is not null && (scope.BodyCut || scope.ChildCut || abandons is not null);
        bool own = scope.Cause?.Origin == scope;
        bool enough = scope.SuccessesNeeded is { } needed && scope.Succeeded >= needed;
        List<(string? Path, ModelError Error)> surfacing =
        [
            .. scope.Failures
                .Where(failure => failure.OfBody
                    || (enough ? failure.Late : scope.Spec!.Policy != PolicySpec.Supervise || !IsObserved(failure)))
                .Select(static failure => ((string?)failure.Node.Path, failure.Error)),
        ];
        if (surfacing.Count == 0 && scope.Cause is null && scope.SuccessesNeeded is not null && !enough)
        {
            surfacing.Add((scope.Path, new ModelError($"{scope.Succeeded} successes are too few", IsCancellation: false)));
        }

        if (cut && own && scope.Cause!.Kind == CauseKind.Deadline)
        {
            surfacing.Insert(0, (scope.Path, new ModelError($"{scope.Path} timed out", IsCancellation: false)));
        }

        if (abandons is not null)
        {
            surfacing.Add((scope.Path, abandons));
        }

        scope.Final = surfacing.Count > 0 ? "Failed" : cut ? "Cancelled" : "Succeeded";
        return surfacing.Count switch
        {
            > 1 => new ModelError($"{scope.Path} failed", IsCancellation: false, [.. surfacing]),
            1 => surfacing[0].Error,
            _ when !cut => null,
            _ when own && scope.Cause!.Kind != CauseKind.OuterToken =>
                scope.BodyCut ? Cancelled(scope, $"token of {scope.Label}") : null,
            _ => Cancelled(scope, scope.OuterIsCancelled() ? scope.OuterName : $"token of {scope.Enclosing!.Label}"),
        };
    }

    private static ModelError Cancelled(Scope scope, string token) => new($"{scope.Label} was cancelled, {token}", IsCancellation: true);

    /// <summary>Somebody has looked at it: at the child that failed, or at the one that ended so because it had forgotten a scope.</summary>
    private static bool IsObserved(Failure failure)
    {
        var child = failure.Node as Child ?? failure.Node.Parent as Child;
        return child is { Observed: true } && child.Error == failure.Error;
    }

    /// <summary>A scope failed that nobody can await any more: that surfaces one up.</summary>
    private void Report(Scope scope)
    {
        if (scope.Final != "Failed" || scope.Parent is not { } parent)
        {
            return;
        }

        if (parent.OwnWorkEndedAt is null)
        {
            // If the code above ends in this instant as well, it may do so before or after.
            scope.LostAt = scope.Forgotten ? _now : null;
            return;
        }

        Refuse(scope.Forgotten && parent.OwnWorkEndedAt == _now);
        if (parent is Child child)
        {
            Refuse(child.ReportedAt == _now);
            child.ReportedAt = _now;
            child.Error ??= scope.Surfaces;
            ChildFailed(child.Scope, scope, scope.Surfaces!);
        }
        else
        {
            ChildFailed((Scope)parent, scope, scope.Surfaces!);
        }
    }

    private void Observe()
    {
        foreach (Node node in _nodes)
        {
            if (node is Scope { Spec: not null } scope && !scope.Unseen)
            {
                Once(node, scope.Cause is not null, () => $"cancelled by {scope.Cause!.Origin.Label} {scope.Cause.Kind}");
                Once(node, scope.IsStopping, static () => "stopping");
                Once(node, scope.Abandoned && !scope.Closed, static () => "Abandoned");
            }

            if (node is Scope { Spec: not null, IsOver: true, Spawned: false, ByHand: false } over)
            {
                Once(node, true, () => $"surfaces {(object?)over.Surfaces ?? "nothing"}");
            }

            Once(node, node.Closed && node is not Scope { Unseen: true } and not Scope { Spec: null }, () => node.Final!);
        }
    }

    private void Once(Node node, bool happened, Func<string> what)
    {
        if (happened)
        {
            string text = what();
            string kind = text.Split(' ')[0];
            if (node.Seen.Add(kind))
            {
                _history.Add(_now, $"{node.Label} is {text}");
            }
        }
    }

    private sealed record Cause(Scope Origin, CauseKind Kind);

    private sealed record Failure(long At, Node Node, ModelError Error, bool OfBody, bool Late);

    /// <summary>What code waits for.</summary>
    private sealed record Wait(long? Due, Func<bool>? Until)
    {
        public Scope? CutBy { get; init; }

        public Scope? StoppedBy { get; init; }
    }

    /// <summary>Where code leaves its error.</summary>
    private sealed class Frame
    {
        public ModelError? Error { get; set; }
    }

    private sealed class Thread(SequentialModel model, IEnumerable<Wait> code)
    {
        private readonly IEnumerator<Wait> _code = code.GetEnumerator();
        private bool _begun;

        public Wait? Wait { get; private set; }

        public bool TryGoOn()
        {
            if (_begun && !CanGoOn())
            {
                return false;
            }

            _begun = true;
            Wait = null;
            if (_code.MoveNext())
            {
                Wait = _code.Current;
            }
            else
            {
                model._threads.Remove(this);
            }

            return true;
        }

        private bool CanGoOn() => Wait is { } wait
            && (wait.Until?.Invoke() == true
                || wait.Due <= model._now
                || wait.CutBy?.Cause is not null
                || wait.StoppedBy is { IsStopping: true });
    }

    private abstract class Node
    {
        protected Node(SequentialModel model, Node? parent)
        {
            Parent = parent;
            parent?.Nested.Add(this);
            model._nodes.Add(this);
        }

        public abstract string Label { get; }

        public Node? Parent { get; set; }

        public List<Node> Nested { get; } = [];

        public HashSet<string> Seen { get; } = [];

        public long? OwnWorkEndedAt { get; set; }

        public bool Closed { get; set; }

        public string? Final { get; set; }

        public string Path => Parent is null ? Label : $"{Parent.Path}/{Label}";

        public abstract bool OwnCodeRuns { get; }

        public IEnumerable<Node> Below() => Nested.SelectMany(static nested => nested.Below()).Prepend(this);
    }

    private sealed class Child(SequentialModel model, ChildSpec spec, Scope scope) : Node(model, scope)
    {
        public override string Label => ModelNames.Of(spec);

        public ChildSpec Spec => spec;

        public Scope Scope => scope;

        public ModelError? Error { get; set; }

        public bool WasCancelled { get; set; }

        public bool Observed { get; set; }

        public bool HasPlace { get; set; }

        public long LaunchedAt { get; set; } = -1;

        public long ReportedAt { get; set; } = -1;

        public override bool OwnCodeRuns => OwnWorkEndedAt is null;
    }

    /// <summary>A task scope; without a spec, a cancel scope.</summary>
    private sealed class Scope(SequentialModel model, ScopeSpec? spec, Node? parent) : Node(model, parent)
    {
        public override string Label => spec is null ? "limit" : ModelNames.Of(spec);

        public ScopeSpec? Spec => spec;

        /// <summary>Its body is that of a child, which ends as it does.</summary>
        public bool Spawned { get; } = parent is Child child && child.Spec.Scope == spec;

        public bool ByHand { get; init; }

        public bool EndsWithItsOwner => ByHand || spec is null;

        /// <summary>It was opened by the code of a child, which closes it and holds what is above open meanwhile.</summary>
        public bool OpenedBelow { get; init; }

        public bool Shield { get; set; }

        public bool Joined { get; set; }

        public bool Forgotten { get; set; }

        /// <summary>Its body never ran, so nobody got to see it.</summary>
        public bool Unseen { get; set; }

        public bool Abandoned { get; set; }

        public Cause? Cause { get; set; }

        public long? CancelledAt { get; set; }

        public long? MetCancellationAt { get; set; }

        public bool Stopped { get; set; }

        public long? StoppedAt { get; set; }

        public bool IsStopping => Stopped || Cause is not null;

        public long? DeadlineDue { get; set; }

        public long? GraceDue { get; set; }

        public long? PatienceDue { get; set; }

        public bool BodyCut { get; set; }

        public bool ChildCut { get; set; }

        public int Succeeded { get; set; }

        public Queue<Child> Waiting { get; } = new();

        public List<Failure> Failures { get; } = [];

        public HashSet<ModelError> Known { get; } = [];

        public ModelError? Surfaces { get; set; }

        /// <summary>When it failed while somebody could still have awaited it, and nobody did.</summary>
        public long? LostAt { get; set; }

        public Func<bool> OuterIsCancelled { get; set; } = static () => false;

        public string OuterName { get; set; } = string.Empty;

        public bool IsOver => Closed || Abandoned;

        public override bool OwnCodeRuns => spec is not null && !ByHand && OwnWorkEndedAt is null;

        public int? SuccessesNeeded => spec?.Policy switch
        {
            PolicySpec.FirstSuccess => 1,
            PolicySpec.QuorumOfTwo => 2,
            _ => null,
        };

        /// <summary>The cancel scope right above.</summary>
        public Scope? Enclosing => Parent as Scope ?? (Parent as Child)?.Scope;

        /// <summary>The scopes right below that a cancellation reaches.</summary>
        public IEnumerable<Scope> ScopesBelow() => Nested
            .SelectMany(static node => node is Child ? node.Nested : [node])
            .OfType<Scope>()
            .Where(static scope => !scope.Shield);

        public long? EffectiveDeadline()
        {
            long? above = Shield ? null : Enclosing?.EffectiveDeadline();
            return DeadlineDue is { } own && !(above < own) ? own : above;
        }
    }
}
