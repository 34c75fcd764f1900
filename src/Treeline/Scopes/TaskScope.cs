using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Treeline;

/// <summary>
/// Owns the tasks spawned in it: it does not end before each of them has, cancels them when one fails or when it is
/// cancelled, and loses no error. <c>RunAsync</c> is the form to reach for; <c>Open</c> is for lifetimes that do not
/// fit around one body.
/// </summary>
/// <remarks>
/// <para>Its parent is the node the calling code runs in. So a scope opened anywhere below a child task is part of that
/// child's subtree, and is cancelled with it, whether or not a token was handed down.</para>
/// <para><b>Protocol</b>, beyond that of <see cref="TreeNode"/> and <see cref="CancelScope"/>: failures, and whether
/// anything was cut short by cancellation, are noted under the gate while the scope is open; <see cref="OnClosing"/>
/// turns them once into what surfaces. A child notes its failure before it gives its hold back, so nothing is noted
/// later than that.</para>
/// <para>What surfaces: failures first (one as itself, several as <see cref="ScopeException"/>; the scope's own
/// <see cref="TimeoutException"/> leads). Without failures, <see cref="OperationCanceledException"/> if work was cut
/// short by a cancellation from outside, or the body itself was cut. Otherwise nothing: work that did end counts, also
/// when a cancellation came too late to matter.</para>
/// <para><b>Overloads.</b> Priorities settle what the language leaves open: an async lambda is a <see cref="Fiber"/>
/// (cheapest), and a bare <c>default</c> in second place is the token rather than the options.</para>
/// </remarks>
[DebuggerDisplay("{Path,nq} ({State})")]
public sealed partial class TaskScope : CancelScope
{
    private static readonly Func<Delegate, TaskScope, Fiber<Nothing>> s_callBody =
        static (body, scope) => ((Func<TaskScope, Fiber>)body)(scope).Inner;

    private static readonly Func<Delegate, TaskScope, Fiber<Nothing>> s_callTimed =
        static (work, scope) => ((Func<CancellationToken, Fiber>)work)(scope.Token).Inner;

    private static readonly Func<Delegate, CancellationToken, Fiber<Nothing>> s_callWork =
        static (work, token) => ((Func<CancellationToken, Fiber>)work)(token).Inner;

    private readonly ScopeOptions? _options;
    private readonly ChildLedger? _ledger;
    private readonly bool _aroundBody;

    // Owner: the gate. _drained is made by who has to wait, unless the scope has _told already that it is over.
    private FailureLog? _failures;
    private TaskCompletionSource? _drained;
    private TaskPromise? _run;
    private bool _told;
    private bool _reported;

    // The IScopeBody<T> that has the result. Written before it runs, read when all has ended.
    private object? _body;

    // Contexts in which fibers spawned here start; see ContextForChildren. Caches: a lost write costs only time.
    private ExecutionContext? _ownContext;
    private Tuple<ExecutionContext, ExecutionContext>? _derivedContext;

    // What RunAsync or JoinAsync has handed out: whoever awaits it gets what surfaces. Owner: the gate.
    private Task? _end;

    // Written before the writer gives its hold back; read by OnClosing, after the last hold has gone.
    private volatile bool _childCutShort;
    private volatile bool _bodyCutShort;

    // Written by OnClosing, read after the drained signal.
    private Exception? _surfaces;
    private volatile NodeState _final;

    private TaskScope(ScopeOptions? options, bool aroundBody, CallSite site, CancellationToken outer)
        : base(Ambient.CurrentOrRoot, site, outer, options?.Shield == true)
    {
        _options = options;
        _aroundBody = aroundBody;
        bool counts = OnFailure != FailurePolicy.FailFast && OnFailure != FailurePolicy.Supervise;
        if (counts || options?.MaxConcurrency is not null)
        {
            _ledger = new ChildLedger(counts, options!.MaxConcurrency);
        }

        Executor = Parent!.Executor;
        ChildExecutor = options?.Executor ?? ExecutorOfChildren(Parent!);
    }

    /// <inheritdoc/>
    public override NodeState State =>
        _abandoned && !IsClosed ? NodeState.Abandoned
        : _final != NodeState.Pending ? _final
        : IsCancellationRequested ? NodeState.Cancelling
        : OwnWorkEnded ? NodeState.Joining
        : NodeState.Running;

    internal override NodeKind Kind => NodeKind.Scope;

    internal override Exception? Failure => _surfaces;

    internal override bool EndsWithItsOwner => !_aroundBody;

    /// <summary>Where children run. The body is run by whoever opened the scope, and goes on where that code does.</summary>
    internal Executor ChildExecutor { get; }

    internal override Executor Executor { get; }

    /// <summary>The clock it was given, or keeps after it gave up; null: the enclosing scope's is in force.</summary>
    internal TimeProvider? OwnClock => _options?.TimeProvider ?? Volatile.Read(ref _keptClock);

    /// <summary>How its children end and who waits for a place, if its options ask for that.</summary>
    internal ChildLedger? Ledger => _ledger;

    /// <summary>Under fail-fast the first failure of a child cancels the others.</summary>
    internal bool FailsFast => OnFailure == FailurePolicy.FailFast;

    /// <summary>True if it was cancelled, and neither by a node above nor by the token it was given.</summary>
    internal bool CancelledItself =>
        Cause is { } cause && ReferenceEquals(cause.Origin, this) && cause.Kind != CancelKind.OuterToken;

    /// <summary>Under supervision a failure that somebody looked at is theirs.</summary>
    internal bool LeavesFailuresToAwaiters => OnFailure == FailurePolicy.Supervise;

    private protected override TimeSpan DefaultGrace => _options?.Grace ?? Timeout.InfiniteTimeSpan;

    /// <summary>Called under the gate.</summary>
    private FailureLog Failures => _failures ??= new FailureLog(forgets: OnFailure == FailurePolicy.Supervise);

    private FailurePolicy OnFailure => _options?.OnFailure ?? FailurePolicy.FailFast;

    /// <summary>Ends when the last child has; null when it has. Ask after own work has ended.</summary>
    private Task? Drained
    {
        get
        {
            using (Gate.Enter())
            {
                return _told ? null : (_drained ??= new TaskCompletionSource()).Task;
            }
        }
    }

    /// <summary>
    /// Opens a scope to close by hand: <see cref="JoinAsync"/> waits for its children; <see cref="CancelScope.DisposeAsync"/> without
    /// a join cancels them first. Prefer <c>RunAsync</c>, which cannot be forgotten and in which no error can hide another.
    /// </summary>
    /// <param name="cancellationToken">Cancels the scope.</param>
    /// <param name="name">How the scope is shown in the tree and in errors; by default the method that opens it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The open scope. If the node that opened it ends first, the scope is cancelled and closed with it.</returns>
    /// <exception cref="InvalidOperationException">The node the calling code ran in has ended.</exception>
    [OverloadResolutionPriority(1)]
    public static new TaskScope Open(
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Start(null, aroundBody: false, new CallSite(name, file, line), cancellationToken);

    /// <inheritdoc cref="Open(CancellationToken, string, string, int)"/>
    /// <param name="options">Name, timeout, failure policy.</param>
    public static TaskScope Open(
        ScopeOptions options,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Start(options, aroundBody: false, Site(options, name, file, line), cancellationToken);

    /// <summary>
    /// Waits until every child has ended, and closes the scope.
    /// Cancellation: waiting is not cancelled, or children would be left behind; cancel the scope instead.
    /// </summary>
    /// <returns>A task that completes after the last child, or throws what surfaces from the scope.</returns>
    /// <exception cref="ScopeException">Several children failed. A single failure is rethrown as itself.</exception>
    /// <exception cref="InvalidOperationException">
    /// The scope was made by <c>RunAsync</c>, which joins it itself; or the caller runs in the scope, and would wait for its
    /// own end.
    /// </exception>
    public Task JoinAsync()
    {
        ThrowIfAroundBody(nameof(JoinAsync));
        ThrowIfCalledFromBelow(nameof(JoinAsync));
        Ambient.BeginWait(this, 0);
        return JoinOnce();
    }

    /// <summary>True if what surfaced was that the scope's own time was over, and nothing else.</summary>
    internal bool OnlyTimedOut { get; private set; }

    internal void ChildCancelled() => _childCutShort = true;

    /// <summary>The body has ended.</summary>
    internal void BodyEnded(Exception? error)
    {
        if (error is not null)
        {
            BodyThrew(error);
        }

        TryEndOwnWork();
    }

    /// <summary>The body has thrown; there may be more.</summary>
    internal void BodyThrew(Exception error)
    {
        if (error is OperationCanceledException && IsCancellationRequested)
        {
            _bodyCutShort = true;
            return;
        }

        using (Gate.Enter())
        {
            Failures.AddBody(this, error);
        }

        // Whatever the policy: it is about children. A scope whose body is gone has no use for them.
        CancelUncalled(new CancelCause(this, CancelKind.Failure) { FailedNode = this, Error = error });
    }

    /// <summary>
    /// The context in which a fiber spawned here and now starts, or the body: the spawner's, and in it this scope as the
    /// node, whoever the spawner is. Costs nothing where the body spawns, and little where the same context spawns again and again.
    /// </summary>
    internal ExecutionContext ContextForChildren()
    {
        ExecutionContext? current = ExecutionContext.Capture();
        if (current is not null && ReferenceEquals(current, _ownContext))
        {
            return current;
        }

        if (current is not null && ReferenceEquals(Ambient.Published, this))
        {
            return _ownContext = current;
        }

        // Under a suppressed flow nothing flows but the place in the tree.
        current ??= DefaultContext.Value;
        if (_derivedContext is not { } derived || !ReferenceEquals(derived.Item1, current))
        {
            _derivedContext = derived = Tuple.Create(current, Derive(current));
        }

        return derived.Item2;
    }

    /// <summary>Notes the failure and, under fail-fast, cancels the siblings, before anybody who awaits the child hears.</summary>
    internal void ChildFailed(TreeNode node, Exception error)
    {
        Note(node, error);
        if (FailsFast)
        {
            CancelUncalled(new CancelCause(this, CancelKind.Failure) { FailedNode = node, Error = error });
        }
    }

    /// <summary>
    /// A child has ended. Called before anybody who awaits it hears, if there is a <see cref="Ledger"/>.
    /// </summary>
    /// <param name="end">How.</param>
    /// <param name="hadPlace">Whether it had one of the places under a limit.</param>
    internal void ChildEnded(NodeState end, bool hadPlace)
    {
        if (_ledger!.Counts)
        {
            Decide(_ledger.Count(end));
        }

        if (!hadPlace)
        {
            return;
        }

        bool cancelled = IsCancellationRequested;
        if (_ledger.Leave(passOn: !cancelled) is { } next)
        {
            if (cancelled)
            {
                // Those behind it are dropped here, in a loop, rather than each by the end of the one before.
                next.Launch(cancelledBefore: true);
                DropWaiting();
            }
            else
            {
                next.Launch(cancelledBefore: false);
            }
        }
    }

    private protected override async ValueTask CloseAsync()
    {
        ThrowIfAroundBody(nameof(IAsyncDisposable.DisposeAsync));
        ThrowIfCalledFromBelow(nameof(IAsyncDisposable.DisposeAsync));
        Ambient.BeginWait(this, 0);
        bool joined;
        using (Gate.Enter())
        {
            joined = _end is not null;
        }

        if (joined)
        {
            // Whoever joined gets the failures. Their task is not awaited here: if they dropped it, it stays unobserved.
            if (Drained is { } drained)
            {
                await drained.ConfigureAwait(SchedulerContext.IsCurrent);
            }

            return;
        }

        CancelUncalled(new CancelCause(this, CancelKind.Requested) { Words = "it was disposed without being joined" });
        try
        {
            await JoinOnce().ConfigureAwait(SchedulerContext.IsCurrent);
        }
        catch (OperationCanceledException) when (_final == NodeState.Cancelled)
        {
            // Asked for, just above or from outside before: not an error of disposal.
        }
    }

    private protected override void OnCancelCallbacksFailed(AggregateException error) => Note(this, error);

    internal override void OnUnawaitedFailure(TreeNode nested, Exception error) => ChildFailed(nested, error);

    private protected override void OnClosing()
    {
        using (Gate.Enter())
        {
            Nest.Sweep();
        }

        Parent!.EndWait(this);
        if (_abandoned)
        {
            CloseAbandoned();
            base.OnClosing();
            return;
        }

        _surfaces = WhatSurfaces(null, out NodeState final);
        _final = final;
        base.OnClosing();
        ReportOnce();
    }

    private protected override void OnClosed(bool inline)
    {
        bool awaited;
        using (Gate.Enter())
        {
            awaited = !_told && (_drained is not null || _run is not null);
            _told = true;
        }

        if (!awaited)
        {
            return;
        }

        if (inline)
        {
            Tell();
        }
        else
        {
            SchedulerContext.RunSoon(static scope => scope.Tell(), this);
        }
    }

    /// <summary>
    /// Runs <paramref name="work"/>, which gets the token, in a scope that has but a timeout: without options, and without a
    /// closure around the work.
    /// </summary>
    internal static Task RunWithin(TimeSpan timeout, Func<CancellationToken, Fiber> work, CallSite site, CancellationToken outer) =>
        RunWithin(timeout, work, s_callTimed, site, outer);

    /// <inheritdoc cref="RunWithin(TimeSpan, Func{CancellationToken, Fiber}, CallSite, CancellationToken)"/>
    internal static Task<T> RunWithin<T>(
        TimeSpan timeout, Func<CancellationToken, Fiber<T>> work, CallSite site, CancellationToken outer) =>
        RunWithin(timeout, work, CallTimed<T>.Instance, site, outer);

    /// <inheritdoc cref="RunWithin(TimeSpan, Func{CancellationToken, Fiber}, CallSite, CancellationToken)"/>
    /// <param name="work">Returns a <see cref="Task"/> or a <see cref="ValueTask"/>, with the result if there is one.</param>
    internal static Task<T> RunPlainWithin<T>(TimeSpan timeout, Delegate work, CallSite site, CancellationToken outer) =>
        RunWithin<T>(timeout, work, null, site, outer);

    private static Task<T> RunWithin<T>(
        TimeSpan timeout, Delegate work, Func<Delegate, TaskScope, Fiber<T>>? call, CallSite site, CancellationToken outer)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        return RunIn(Start(null, aroundBody: true, site, outer, timeout), work, call, takesToken: true);
    }

    private static TaskScope Start(
        ScopeOptions? options, bool aroundBody, CallSite site, CancellationToken outer, TimeSpan? timeout = null)
    {
        options?.Check();
        var scope = new TaskScope(options, aroundBody, site, outer);
        scope.Attach();
        timeout ??= options?.Timeout;
        if (timeout is not null || options?.Deadline is not null)
        {
            try
            {
                scope.SetFirstDeadline(options?.Deadline, timeout);
            }
            catch
            {
                // The time provider refused. Nobody gets to see the scope, so nobody else could close it.
                scope.TryEndOwnWork();
                throw;
            }
        }

        return scope;
    }

    private static CallSite Site(ScopeOptions options, string name, string file, int line)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new CallSite(options.Name ?? name, file, line);
    }

    // Misuse throws here, at the call, and not from the task.
    // Without call, the body is one that returns a task.
    private static Task<T> Run<T>(
        Delegate body, Func<Delegate, TaskScope, Fiber<T>>? call, ScopeOptions? options, CallSite site, CancellationToken outer)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunIn(Start(options, aroundBody: true, site, outer), body, call);
    }

    private static Task<T> RunIn<T>(
        TaskScope scope, Delegate body, Func<Delegate, TaskScope, Fiber<T>>? call, bool takesToken = false)
    {
        // What the body finds in its context is the scope; what the caller finds is as it was.
        ExecutionContext? callers = ExecutionContext.Capture();
        object? published = Ambient.Published;
        Ambient.Published = scope;
        bool entered = Spans.TryEnter(scope, out Activity? span);
        try
        {
            scope.StartBody(body, call, takesToken);
        }
        finally
        {
            if (callers is not null)
            {
                ExecutionContext.Restore(callers);
            }
            else
            {
                Ambient.Published = published;
                if (entered)
                {
                    Activity.Current = span;
                }
            }
        }

        return scope.RunTask<T>();
    }

    private static Executor ExecutorOfChildren(TreeNode parent)
    {
        TreeNode? node = parent;
        while (node is CancelScope and not TaskScope)
        {
            node = node.Parent;
        }

        return node is TaskScope scope ? scope.ChildExecutor : node!.Executor;
    }

    private ChildTask<T> SpawnPlain<T>(Delegate work, CallSite site)
    {
        ArgumentNullException.ThrowIfNull(work);
        PlainChild<T> child = PlainChild<T>.Rent(work);
        child.PlaceAsChild(this, site);
        return Launch(child);
    }

    private ChildTask<T> SpawnFiber<T>(Delegate work, Func<Delegate, CancellationToken, Fiber<T>> call, CallSite site)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (IsCancellationRequested || IsClosed)
        {
            return SpawnPlain<T>(work, site); // it will not be called
        }

        FiberBox<T> child;
        try
        {
            // An async method: this runs none of it.
            Fiber<T> fiber = call(work, Token);
            child = fiber.Box;
            child.ClaimAsChild(fiber.Version, this, site);
        }
        catch (Exception e)
        {
            // One that is not async threw, or gave a fiber that has been used. The child fails with that.
            return SpawnPlain<T>((CancellationToken _) => Task.FromException(e), site);
        }

        return Launch(child);
    }

    private ChildTask<T> Launch<T>(ChildNode<T> child)
    {
        int version = child.Version;
        bool adopted;
        CancelCause? cause;
        using (Gate.Enter())
        {
            cause = Cause;
            adopted = !_abandoned && Nest.TryHoldForChild();
            if (adopted)
            {
                Nest.Link(child);
            }
        }

        if (!adopted)
        {
            throw new InvalidOperationException(
                $"'{child.Name}' was spawned in '{Path}', which has ended. A task cannot outlive its scope: spawn it before "
                + "the body returns, or in a scope that lives longer.");
        }

        if (TreeEvents.WatchesSpawns)
        {
            TreeEvents.Spawned(child);
        }

        if (_ledger is { Limit: not null } && cause is null)
        {
            if (_ledger.TryEnter(child))
            {
                child.Launch(cancelledBefore: false);
            }
            else if (IsCancellationRequested)
            {
                DropWaiting();
            }
        }
        else
        {
            child.Launch(cancelledBefore: cause is not null);
        }

        return new ChildTask<T>(child, version);
    }

    private void StartBody<T>(Delegate body, Func<Delegate, TaskScope, Fiber<T>>? call, bool takesToken)
    {
        if (IsCancellationRequested)
        {
            _bodyCutShort = true;
            TryEndOwnWork();
            return;
        }

        if (call is null)
        {
            var plain = new PlainBody<T>(this);
            _body = plain;
            plain.Start(body, takesToken);
            return;
        }

        try
        {
            Fiber<T> fiber = call(body, this);
            _body = fiber.Box;
            fiber.Box.StartAsBody(this, fiber.Version);
        }
        catch (Exception e)
        {
            // A method that is not async threw, or gave a fiber that has been used.
            _body = null;
            BodyEnded(e);
        }
    }

    /// <summary>The task of <c>RunAsync</c>, once the body has begun: it may be over already.</summary>
    private Task<T> RunTask<T>()
    {
        TaskPromise<T>? promise = null;
        bool reported;
        using (Gate.Enter())
        {
            if (!_told)
            {
                _run = promise = new TaskPromise<T>();
                _end = promise.Task;
            }

            reported = _reported;
        }

        if (promise is not null)
        {
            if (Parent is not ProcessRoot)
            {
                Parent!.BeginWait(this, 0); // whoever calls RunAsync awaits it, with hardly an exception
            }

            if (reported)
            {
                MarkObserved(promise.Task);
            }

            return promise.Task;
        }

        T result = _abandoned ? default! : TaskPromise<T>.ResultOf(_body);
        if (_surfaces is null)
        {
            return TaskPromise<T>.Completed(result);
        }

        var failed = new TaskPromise<T>();
        Task<T> task = failed.Task;
        failed.Complete(result, _surfaces);
        HandOut(task);
        return task;
    }

    private void Tell()
    {
        _drained?.SetResult();
        _run?.CompleteRun(_abandoned ? null : _body, _surfaces);
    }

    private ExecutionContext Derive(ExecutionContext context)
    {
        ExecutionContext? derived = null;
        ExecutionContext.Run(
            context,
            _ =>
            {
                Ambient.Published = this;
                derived = ExecutionContext.Capture();
            },
            null);
        return derived!;
    }

    /// <summary>Notes the task that ends as this scope does.</summary>
    private void HandOut(Task end)
    {
        bool reported;
        using (Gate.Enter())
        {
            _end = end;
            reported = _reported;
        }

        if (reported)
        {
            MarkObserved(end);
        }
    }

    /// <summary>Hands what it failed with to the parent, if nobody there can await it any more.</summary>
    private void ReportOnce()
    {
        if (_final == NodeState.Failed && ReportIfUnawaited(_surfaces!))
        {
            Task? end;
            using (Gate.Enter())
            {
                _reported = true;
                end = _end;
            }

            MarkObserved(end);
        }
    }

    /// <summary>What it fails with is the parent's by now, so the task that carries it too must not count as unobserved.</summary>
    private static void MarkObserved(Task? end) => end?.ContinueWith(
        static ended => _ = ended.Exception,
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    private void Note(TreeNode node, Exception error)
    {
        using (Gate.Enter())
        {
            Failures.Add(node, error, late: Cause is not null);
        }
    }

    private void SetFirstDeadline(DateTimeOffset? deadline, TimeSpan? timeout)
    {
        if (deadline is { } end && !(timeout < end - Clock.GetUtcNow()))
        {
            SetDeadline(deadline, null);
        }
        else
        {
            SetDeadline(null, timeout);
        }
    }

    /// <summary>Asks the policy, whose code is the user's, whether the rest is needed.</summary>
    private void Decide(ChildTally tally)
    {
        if (IsCancellationRequested)
        {
            return;
        }

        try
        {
            if (OnFailure.IsDecided(tally))
            {
                CancelUncalled(new CancelCause(this, CancelKind.Decided));
            }
        }
        catch (Exception error)
        {
            Note(this, error);
            CancelUncalled(new CancelCause(this, CancelKind.Failure) { FailedNode = this, Error = error });
        }
    }

    /// <summary>The scope has been cancelled: children that wait for a place end without having begun.</summary>
    private void DropWaiting()
    {
        while (_ledger!.TryDrop(out ChildNode? child))
        {
            child.Launch(cancelledBefore: true);
        }
    }

    private Task JoinOnce()
    {
        Task end;
        bool told;
        TaskCompletionSource drained;
        using (Gate.Enter())
        {
            if (_end is not null)
            {
                return _end;
            }

            told = _told;
            drained = told ? new TaskCompletionSource() : (_drained ??= new TaskCompletionSource());
            _end = end = EndAfterAsync(drained.Task); // suspends: nothing is thrown under the gate
        }

        if (told)
        {
            // It is over already: closed with the node that had opened it.
            drained.SetResult();
        }

        TryEndOwnWork();
        return end;
    }

    private async Task EndAfterAsync(Task drained)
    {
        await drained.ConfigureAwait(SchedulerContext.IsCurrent);
        ThrowWhatSurfaces();
    }

    private void ThrowWhatSurfaces()
    {
        if (_surfaces is { } error)
        {
            ExceptionDispatchInfo.Throw(error);
        }
    }

    private Exception? WhatSurfaces(AbandonedException? abandoned, out NodeState final)
    {
        CancelCause? cause = Cause;
        bool cutShort = cause is not null && (_bodyCutShort || _childCutShort || abandoned is not null);
        List<ScopeFailure> failures = SurfacingFailuresOfAll();
        if (cutShort && cause!.Kind == CancelKind.Deadline && ReferenceEquals(cause.Origin, this))
        {
            failures.Insert(0, new ScopeFailure(Path, new TimeoutException($"{cause.Reason}.")));
            OnlyTimedOut = failures.Count == 1 && abandoned is null;
        }

        if (abandoned is not null)
        {
            failures.Add(new ScopeFailure(Path, abandoned));
        }

        if (failures.Count > 0)
        {
            final = NodeState.Failed;
            return failures.Count == 1 ? failures[0].Exception : new ScopeException(Path, failures);
        }

        final = cutShort ? NodeState.Cancelled : NodeState.Succeeded;
        if (!cutShort)
        {
            return null;
        }

        // What came first counts: a scope that had cancelled itself is done, whatever was cancelled later.
        if (CancelledItself)
        {
            return _bodyCutShort ? new NodeCanceledException(this, "was cancelled", cause!, Token) : null;
        }

        return new NodeCanceledException(
            this, "was cancelled", cause!, Outer.IsCancellationRequested ? Outer : Parent!.Canceller!.Token);
    }

    private List<ScopeFailure> SurfacingFailuresOfAll()
    {
        List<ScopeFailure> failures;
        try
        {
            ChildTally tally = _ledger?.Tally ?? default;
            SurfacingFailures which = OnFailure.Surfacing(tally); // a user's code: not under the gate
            using (Gate.Enter())
            {
                failures = _failures?.ToSurface(which) ?? [];
            }

            bool undisturbed = Cause is not { } cause || (cause.Kind == CancelKind.Decided && ReferenceEquals(cause.Origin, this));
            if (failures.Count == 0 && undisturbed && OnFailure.Shortfall(tally) is { } shortfall)
            {
                failures.Add(new ScopeFailure(Path, shortfall));
            }
        }
        catch (Exception error)
        {
            // The policy threw: all there is surfaces, and that.
            using (Gate.Enter())
            {
                failures = _failures?.ToSurface(SurfacingFailures.All) ?? [];
            }

            failures.Add(new ScopeFailure(Path, error));
        }

        return failures;
    }

    internal void ThrowIfCalledFromBelow(string member)
    {
        TreeNode? caller = Ambient.Current;
        for (TreeNode? node = caller; node is not null; node = node.Parent)
        {
            if (ReferenceEquals(node, this))
            {
                throw new InvalidOperationException(
                    $"{member} of '{Path}' was called in '{caller!.Path}', which lives in that scope: it would wait for its own "
                    + "end. Join the scope where it was opened; to end it from inside, call Cancel.");
            }
        }
    }

    private void ThrowIfAroundBody(string member)
    {
        if (_aroundBody)
        {
            throw new InvalidOperationException(
                $"{member} was called on '{Path}', which RunAsync opened and joins itself when its body returns. "
                + "Return from the body to join it, or call Cancel to end it early.");
        }
    }

    private static class CallTimed<T>
    {
        public static readonly Func<Delegate, TaskScope, Fiber<T>> Instance =
            static (work, scope) => ((Func<CancellationToken, Fiber<T>>)work)(scope.Token);
    }

    private static class CallBody<T>
    {
        public static readonly Func<Delegate, TaskScope, Fiber<T>> Instance =
            static (body, scope) => ((Func<TaskScope, Fiber<T>>)body)(scope);
    }

    private static class CallWork<T>
    {
        public static readonly Func<Delegate, CancellationToken, Fiber<T>> Instance =
            static (work, token) => ((Func<CancellationToken, Fiber<T>>)work)(token);
    }
}
