using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// A node of the cancel tree: cancelling it cancels everything below it, and never its parent or its siblings.
/// A <see cref="TaskScope"/> is a cancel scope that owns tasks.
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> <see cref="Cause"/> goes from null to a value once, under the gate. A cancellation first marks
/// the whole subtree, parents before children, one gate at a time, and then fires the tokens in that order with no gate
/// held; so a callback that looks at any node below finds it cancelled (or, where another cancellation got to it first,
/// about to be). A node adopted meanwhile reads the cause under
/// the parent's gate and is born cancelled; one that was adopted before is in the list that the mark collects: none can
/// slip through.</para>
/// <para>The token source is made when a token is first asked for. Maker and canceller meet at the gate: the canceller
/// sees the source, or the maker sees the cause and publishes a source that is cancelled already.</para>
/// <para><b>Three steps.</b> <see cref="Stop"/> marks the subtree in the same manner with a <see cref="StopCause"/> and fires
/// the stopping tokens; a timer on the node that was asked turns it into a cancellation when the grace is over. A
/// cancellation fires the stopping token before the token. The third step, giving up, is a task scope's.</para>
/// <para><b>Shields.</b> Neither mark goes into a shielded scope, and a shielded scope is born with neither: nothing from
/// above reaches it or what is below it.</para>
/// </remarks>
public partial class CancelScope : TreeNode, IAsyncDisposable
{
    private static readonly Action<object> s_deadlinePassed = static scope => ((CancelScope)scope).DeadlinePassed();
    private static readonly Action<object> s_graceOver = static scope => ((CancelScope)scope).GraceOver();

    private readonly string? _name;
    private readonly bool _shielded;
    private CancellationTokenSource? _source;
    private CancelCause? _cause;

    // Made under the gate when first needed; stays.
    private CancelScopeExtras? _extras;
    private Nest _nest = Nest.HeldByOwnWork();

    private protected CancelScope(TreeNode parent, CallSite site, CancellationToken outer, bool shielded = false)
        : base(parent, site)
    {
        _name = site.Name;
        _shielded = shielded;
        Outer = outer;
    }

    /// <summary>The token that is cancelled with this node. Made when first asked for.</summary>
    public CancellationToken Token
    {
        get
        {
            CancellationTokenSource? source = Volatile.Read(ref _source);
            if (source is null)
            {
                source = new CancellationTokenSource();
                using (Gate.Enter())
                {
                    if (_source is { } first)
                    {
                        return first.Token;
                    }

                    if (_cause is not null)
                    {
                        source.Cancel(); // nobody has its token yet, so no callback runs under the gate
                    }

                    Volatile.Write(ref _source, source);
                }
            }

            return source.Token;
        }
    }

    /// <summary>
    /// The token that says: finish what you hold and take nothing new. Cancelled by <see cref="Stop"/>, and at the latest
    /// with <see cref="Token"/>. Made when first asked for.
    /// </summary>
    public CancellationToken StoppingToken
    {
        get
        {
            if (Volatile.Read(ref _extras)?.StopSource is { } made)
            {
                return made.Token;
            }

            var source = new CancellationTokenSource();
            using (Gate.Enter())
            {
                CancelScopeExtras extras = Extras;
                if (extras.StopSource is { } first)
                {
                    return first.Token;
                }

                if (_cause is not null || extras.Stop is not null)
                {
                    source.Cancel(); // nobody has its token yet, so no callback runs under the gate
                }

                Volatile.Write(ref extras.StopSource, source);
            }

            return source.Token;
        }
    }

    /// <summary>True once this node, or one above it, has been asked to stop, or has been cancelled.</summary>
    public bool IsStopping => SoftCause is not null || Cause is not null;

    /// <summary>Why it was asked to stop or cancelled, whichever came first; null while it was not.</summary>
    public string? StopReason => SoftCause?.Reason ?? CancelReason;

    /// <summary>True if nothing from above reaches this scope: see <see cref="Shield"/>.</summary>
    public bool IsShielded => _shielded;

    /// <summary>
    /// When this scope will be cancelled: the earliest of its own deadline and those of the scopes above it, as far up as
    /// a shield. Null: never. Setting it sets its own, which can only make the time shorter; null takes its own away. The
    /// clock is that of the enclosing scope (<see cref="ScopeOptions.TimeProvider"/>). Only from a
    /// <see cref="TaskScope"/> whose own deadline it was does a <see cref="TimeoutException"/> surface; a cancel scope just
    /// cancels. On a closed scope setting it has no effect.
    /// </summary>
    public DateTimeOffset? Deadline
    {
        get
        {
            DateTimeOffset? least = null;
            for (CancelScope? scope = this; scope is not null; scope = scope._shielded ? null : scope.Parent?.Canceller)
            {
                if (scope.OwnDeadline is { } own && (least is null || own < least))
                {
                    least = own;
                }
            }

            return least;
        }
        set => SetDeadline(value, null);
    }

    /// <summary>True once this node, or one above it, has been cancelled.</summary>
    public bool IsCancellationRequested => Cause is not null;

    /// <summary>Why it was cancelled; null while it is not.</summary>
    public string? CancelReason => Cause?.Reason;

    /// <inheritdoc/>
    public override NodeState State =>
        IsClosed ? (Cause is null ? NodeState.Succeeded : NodeState.Cancelled)
        : Cause is null ? NodeState.Running : NodeState.Cancelling;

    internal override NodeKind Kind => NodeKind.CancelScope;

    internal sealed override ref Nest Nest => ref _nest;

    internal sealed override CancelScope Canceller => this;

    internal override Executor Executor => Parent!.Executor;

    internal CancelCause? Cause => Volatile.Read(ref _cause);

    private StopCause? SoftCause => Volatile.Read(ref _extras) is { } extras ? Volatile.Read(ref extras.Stop) : null;

    private DateTimeOffset? OwnDeadline
    {
        get
        {
            if (Volatile.Read(ref _extras) is null)
            {
                return null;
            }

            using (Gate.Enter())
            {
                return _extras!.Deadline;
            }
        }
    }

    /// <summary>Called under the gate.</summary>
    private protected CancelScopeExtras Extras
    {
        get
        {
            if (_extras is null)
            {
                Volatile.Write(ref _extras, new CancelScopeExtras());
            }

            return _extras;
        }
    }

    /// <summary>The grace of <see cref="Stop"/> where none is given.</summary>
    private protected virtual TimeSpan DefaultGrace => Timeout.InfiniteTimeSpan;

    internal override bool EndsWithItsOwner => true;

    /// <summary>True if other code than that of the node it is in has opened it.</summary>
    internal bool OpenedBelow { get; private init; }

    private protected sealed override string? GivenName => _name;

    /// <summary>The lock of this node.</summary>
    private protected ref Gate Gate => ref _nest.Gate;

    /// <summary>The token handed to whoever opened the scope; cancels it from outside the tree.</summary>
    private protected CancellationToken Outer { get; }

    /// <summary>Opens a cancel scope under the node the calling code runs in, or at the top of the tree.</summary>
    /// <param name="outer">A token from elsewhere that cancels this scope too. The registration is released on close.</param>
    /// <param name="name">How the node is shown in the tree; by default the method that opens it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The open scope. Dispose it to detach it from the tree.</returns>
    /// <exception cref="InvalidOperationException">The node the calling code ran in has ended.</exception>
    public static CancelScope Open(
        CancellationToken outer = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        var scope = new CancelScope(Ambient.CurrentOrRoot, new CallSite(name, file, line), outer);
        scope.Attach();
        return scope;
    }

    /// <summary>
    /// Cancels this node and everything below it. Safe from any thread, and idempotent: the first reason stays.
    /// Returns after the callbacks of all tokens in the subtree have run, except of nodes that another call is cancelling
    /// at the same time: those are that call's.
    /// </summary>
    /// <param name="reason">Why; it is shown in the exceptions that result.</param>
    /// <exception cref="AggregateException">Callbacks registered on tokens of the subtree threw; all of them have run.</exception>
    public void Cancel(string? reason = null)
    {
        if (CancelSubtree(new CancelCause(this, CancelKind.Requested) { Words = reason }) is { } errors)
        {
            throw CallbacksFailed(errors);
        }
    }

    /// <summary>
    /// Asks this node and everything below it to stop: <see cref="StoppingToken"/> is cancelled, and code that looks at it
    /// finishes what it holds and takes nothing new. If the scope has not closed after <paramref name="grace"/>, it is
    /// cancelled. Safe from any thread. Of several calls the first reason stays, and the shortest grace counts.
    /// </summary>
    /// <param name="grace">
    /// How long to wait before the cancellation, on the clock of the enclosing scope; <see cref="Timeout.InfiniteTimeSpan"/>:
    /// for ever. By default <see cref="ScopeOptions.Grace"/> of a <see cref="TaskScope"/>, else for ever.
    /// </param>
    /// <param name="reason">Why; shown by <see cref="StopReason"/>.</param>
    /// <exception cref="AggregateException">Callbacks registered on stopping tokens of the subtree threw; all of them have run.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The grace is negative and not infinite.</exception>
    public void Stop(TimeSpan? grace = null, string? reason = null)
    {
        TimeSpan time = grace ?? DefaultGrace;
        if (time != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, nameof(grace));
            StartGrace(time);
        }

        if (StopSubtree(new StopCause(this, reason)) is { } errors)
        {
            throw new AggregateException($"'{Path}' was asked to stop, and callbacks registered on its stopping tokens threw.", errors);
        }
    }

    /// <summary>
    /// Opens a cancel scope below this one that nothing from above reaches, neither a cancellation, nor a stop, nor a
    /// deadline: for cleanup that has to run to its end. It is cancelled on its own, at the latest after
    /// <paramref name="timeout"/>. For code that is to run in one, see
    /// <see cref="ShieldAsync(TimeSpan, Func{CancellationToken, Fiber}, string, string, int)"/>.
    /// </summary>
    /// <param name="timeout">How long the shield holds, on the clock of the enclosing scope.</param>
    /// <param name="name">How the node is shown in the tree; by default the method that opens it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The open scope. Dispose it to detach it from this one.</returns>
    /// <exception cref="InvalidOperationException">This scope is closed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public CancelScope Shield(
        TimeSpan timeout,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        var scope = new CancelScope(this, new CallSite(name, file, line), CancellationToken.None, shielded: true)
        {
            OpenedBelow = Ambient.Current != this,
        };
        scope.Attach();
        scope.SetDeadline(null, timeout);
        return scope;
    }

    /// <summary>Opens a cancel scope below this one: cancelled with it, and on its own.</summary>
    /// <param name="name">How the node is shown in the tree; by default the method that opens it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The open scope. Dispose it to detach it from this one.</returns>
    /// <exception cref="InvalidOperationException">This scope is closed.</exception>
    public CancelScope Child(
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        var scope = new CancelScope(this, new CallSite(name, file, line), CancellationToken.None)
        {
            OpenedBelow = Ambient.Current != this,
        };
        scope.Attach();
        return scope;
    }

    /// <summary>
    /// Closes the scope and detaches it from its parent. Cancel scopes opened below it and not yet closed are cancelled
    /// and closed with it; its own token is not cancelled by closing. A <see cref="TaskScope"/> that was not joined
    /// cancels its tasks and waits for them; failures that have not surfaced from <see cref="TaskScope.JoinAsync"/> are
    /// thrown here, and cancellations are not, since they were asked for.
    /// Cancellation: waiting is not cancelled. A scope that owns no tasks closes at once.
    /// </summary>
    /// <returns>A task that completes when the scope has left the tree.</returns>
    /// <exception cref="ScopeException">Several children failed. A single failure is rethrown as itself.</exception>
    /// <exception cref="AggregateException">Scopes below were not closed, and callbacks on their tokens threw.</exception>
    /// <exception cref="InvalidOperationException">The scope was made by <c>RunAsync</c>, which closes it itself.</exception>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return CloseAsync();
    }

    /// <summary>Links the scope into the tree and to its outer token.</summary>
    [SuppressMessage("Reliability", "CA2016", Justification = "The callback is the forwarding of that token.")]
    private protected void Attach()
    {
        bool watched = TreeEvents.WatchesScopes && Nest.TryHold();
        if (!Parent!.TryAdopt(this, out CancelCause? cause))
        {
            throw new InvalidOperationException(
                $"A scope ('{Name}') was opened in {(Parent is EndedNode ? "a child" : $"'{Parent.Path}'")}, which has ended. The code that opens it has outlived "
                + "the node it was started in. Start it as a child of a scope that is still open, or, if it really "
                + "belongs to nobody here, start it under ExecutionContext.SuppressFlow().");
        }

        if (!_shielded)
        {
            Inherit(cause, Parent!.Canceller?.SoftCause);
        }

        if (watched)
        {
            TreeEvents.Opened(this);
            ReleaseChildren(1);
        }

        // A token of a node above needs no registration: that node reaches this one through the tree, or a shield is there
        // to keep it out.
        if (Outer.CanBeCanceled && !IsTokenOfAncestor(Outer))
        {
            OuterRegistrations.Add(this);
            CancellationTokenRegistration registration = Outer.UnsafeRegister(
                static state =>
                {
                    var scope = (CancelScope)state!;
                    OuterRegistrations.Remove(scope);
                    if (scope.CancelSubtree(new CancelCause(scope, CancelKind.OuterToken)) is { } errors)
                    {
                        // Reaches whoever cancelled that token.
                        throw scope.CallbacksFailed(errors);
                    }
                },
                this);
            bool closed;
            using (Gate.Enter())
            {
                Extras.OuterRegistration = registration;
                Interlocked.MemoryBarrier(); // pairs with the interlocked end of the last hold, after which OnClosing looks
                closed = IsClosed;
            }

            if (closed)
            {
                // The node that opened the scope has ended meanwhile, and closed it.
                OuterRegistrations.Remove(this, registration.Unregister());
            }
        }
    }

    /// <summary>Whoever opened this scope has ended without closing it: it is cancelled, and its owner ends its work.</summary>
    internal void OwnerEnded()
    {
        if (!IsCancellationRequested)
        {
            CancelUncalled(new CancelCause(this, CancelKind.OwnerEnded));
        }
    }

    /// <summary>Cancels the subtree for a cause other than a call of user code, which could be told what callbacks threw.</summary>
    private protected void CancelUncalled(CancelCause cause)
    {
        if (CancelSubtree(cause) is { } errors)
        {
            OnCancelCallbacksFailed(CallbacksFailed(errors));
        }
    }

    /// <summary>Sets or takes away the scope's own deadline: a point in time, or a time from now.</summary>
    internal void SetDeadline(DateTimeOffset? deadline, TimeSpan? timeout)
    {
        if (deadline is null && timeout is null && Volatile.Read(ref _extras) is null)
        {
            return;
        }

        TimeProvider clock = Clock;
        DateTimeOffset now = clock.GetUtcNow();
        TimeSpan? time = timeout ?? deadline - now;
        ScopeTimer? timer = TimerFor(clock, static extras => ref extras.DeadlineTimer, s_deadlinePassed, create: time is not null);
        using (Gate.Enter())
        {
            Extras.Deadline = deadline ?? (timeout < DateTimeOffset.MaxValue - now ? now + timeout : null);
            Extras.TimeAllowed = timeout;
        }

        if (time is { } due)
        {
            timer?.Set(due);
        }
        else
        {
            timer?.Clear();
        }
    }

    /// <summary>One of this scope's timers, which its closing disposes. Null: it has closed, or there is none and none was to be made.</summary>
    private protected ScopeTimer? TimerFor(TimeProvider clock, TimerField field, Action<object> callback, bool create = true)
    {
        using (Gate.Enter())
        {
            if (_extras is { } extras && field(extras) is { } there)
            {
                return there;
            }
        }

        if (!create || IsClosed)
        {
            return null;
        }

        var timer = new ScopeTimer(clock, callback, this); // the clock may be a user's: not under the gate
        ScopeTimer? other;
        bool closed;
        using (Gate.Enter())
        {
            other = field(Extras);
            field(Extras) = other ?? timer;
            Interlocked.MemoryBarrier(); // pairs with the interlocked end of the last hold, after which OnClosing looks
            closed = IsClosed;
        }

        if (closed || other is not null)
        {
            timer.Dispose();
        }

        return closed ? null : other ?? timer;
    }

    /// <summary>Where one of the timers is kept.</summary>
    private protected delegate ref ScopeTimer? TimerField(CancelScopeExtras extras);

    private void StartGrace(TimeSpan grace)
    {
        if (IsCancellationRequested)
        {
            return;
        }

        ScopeTimer? timer = TimerFor(Clock, static extras => ref extras.GraceTimer, s_graceOver);
        using (Gate.Enter())
        {
            CancelScopeExtras extras = Extras;
            extras.Grace = extras.Grace > TimeSpan.Zero && extras.Grace < grace ? extras.Grace : grace;
        }

        timer?.SetIfSooner(grace);
    }

    private void DeadlinePassed()
    {
        DateTimeOffset? deadline;
        TimeSpan? allowed;
        using (Gate.Enter())
        {
            deadline = Extras.Deadline;
            allowed = Extras.TimeAllowed;
        }

        CancelHeld(new CancelCause(this, CancelKind.Deadline) { Deadline = deadline, Time = allowed });
    }

    private void GraceOver()
    {
        TimeSpan grace;
        using (Gate.Enter())
        {
            grace = Extras.Grace;
        }

        CancelHeld(new CancelCause(this, CancelKind.GraceOver) { Time = grace });
    }

    /// <summary>Cancels from a timer. Held open meanwhile, so that what callbacks throw still finds a scope to surface from.</summary>
    private void CancelHeld(CancelCause cause)
    {
        if (Nest.TryHold())
        {
            CancelUncalled(cause);
            ReleaseChildren(1);
        }
    }

    /// <summary>What the node above had been told before this one was there.</summary>
    private void Inherit(CancelCause? cause, StopCause? stop)
    {
        if (cause is null && stop is null)
        {
            return;
        }

        using (Gate.Enter())
        {
            _cause ??= cause;
            if (stop is not null)
            {
                Extras.Stop ??= stop;
            }
        }
    }

    /// <summary>
    /// Marks the subtree, then fires its tokens. Time: O(nodes of the subtree), without recursion. Returns what callbacks
    /// threw, or null.
    /// </summary>
    private List<Exception>? CancelSubtree(CancelCause cause)
    {
        if (IsCancellationRequested)
        {
            return null;
        }

        var marked = new List<CancelScope> { this };
        for (int i = 0; i < marked.Count; i++)
        {
            marked[i].Mark(cause, marked);
        }

        List<Exception>? errors = null;
        foreach (CancelScope scope in marked)
        {
            // Nodes that another cancellation marked first are fired by that one.
            if (ReferenceEquals(scope.Cause, cause))
            {
                Fire(scope._extras?.StopSource, ref errors);
                Fire(scope._source, ref errors);
                scope.OnCancelled();
            }
        }

        return errors;
    }

    /// <summary>As <see cref="CancelSubtree"/>, for the stopping tokens.</summary>
    private List<Exception>? StopSubtree(StopCause cause)
    {
        if (IsStopping)
        {
            return null;
        }

        var marked = new List<CancelScope> { this };
        for (int i = 0; i < marked.Count; i++)
        {
            marked[i].MarkStopping(cause, marked);
        }

        List<Exception>? errors = null;
        foreach (CancelScope scope in marked)
        {
            if (ReferenceEquals(scope.SoftCause, cause))
            {
                Fire(scope._extras?.StopSource, ref errors);
            }
        }

        return errors;
    }

    /// <summary>The scope has been cancelled, and its tokens have fired. Called once, with no gate held.</summary>
    private protected virtual void OnCancelled()
    {
    }

    /// <summary>Callbacks threw during a cancellation that no user code called: somebody is told.</summary>
    private protected virtual void OnCancelCallbacksFailed(AggregateException error)
    {
        if (!ReportIfUnawaited(error))
        {
            OnUnawaitedFailure(this, error);
        }
    }

    /// <summary>There is nobody to tell but whoever disposes the scope.</summary>
    internal override void OnUnawaitedFailure(TreeNode nested, Exception error)
    {
        using (Gate.Enter())
        {
            (Extras.UncalledErrors ??= []).Add(error);
        }
    }

    private protected virtual ValueTask CloseAsync()
    {
        TryEndOwnWork();
        if (Volatile.Read(ref _extras) is null)
        {
            return ValueTask.CompletedTask;
        }

        List<Exception>? errors;
        using (Gate.Enter())
        {
            errors = _extras!.UncalledErrors;
            _extras.UncalledErrors = null;
        }

        return errors is null ? ValueTask.CompletedTask
            : ValueTask.FromException(errors.Count == 1 ? errors[0] : new AggregateException(errors));
    }

    private protected override void OnClosing()
    {
        if (TreeEvents.WatchesEnd(well: State == NodeState.Succeeded))
        {
            TreeEvents.Ended(this);
        }

        if (Volatile.Read(ref _extras) is null)
        {
            return;
        }

        CancellationTokenRegistration registration;
        (ScopeTimer? Deadline, ScopeTimer? Grace, ScopeTimer? Patience) timers;
        List<Exception>? errors = null;
        using (Gate.Enter())
        {
            registration = _extras!.OuterRegistration;
            timers = (_extras.DeadlineTimer, _extras.GraceTimer, _extras.PatienceTimer);
            if (Parent!.OwnWorkEnded)
            {
                errors = _extras.UncalledErrors;
                _extras.UncalledErrors = null;
            }
        }

        // Whoever makes one of these now finds the scope closed, and disposes of it.
        OuterRegistrations.Remove(this, registration.Unregister());
        timers.Deadline?.Dispose();
        timers.Grace?.Dispose();
        timers.Patience?.Dispose();

        // Nobody may come to dispose the scope, which ends with its owner.
        if (errors is not null)
        {
            Parent.OnUnawaitedFailure(this, errors.Count == 1 ? errors[0] : new AggregateException(errors));
        }
    }

    private void Mark(CancelCause cause, List<CancelScope> marked)
    {
        using (Gate.Enter())
        {
            if (_cause is null && !IsClosed)
            {
                Volatile.Write(ref _cause, cause);
                if (Nest.Newest is not null)
                {
                    Interlocked.MemoryBarrier(); // pairs with that of ChildNode.TryAdopt
                    CollectCancelScopes(marked);
                }
            }
        }
    }

    private void MarkStopping(StopCause cause, List<CancelScope> marked)
    {
        using (Gate.Enter())
        {
            if (_cause is null && !IsClosed && Extras.Stop is null)
            {
                Volatile.Write(ref Extras.Stop, cause);
                if (Nest.Newest is not null)
                {
                    Interlocked.MemoryBarrier(); // as in Mark: who adopts later reads the cause after linking
                    CollectCancelScopes(marked);
                }
            }
        }
    }

    // The source was written under the gate, by which the mark came after; or else its maker saw the mark.
    private static void Fire(CancellationTokenSource? source, ref List<Exception>? errors)
    {
        try
        {
            source?.Cancel();
        }
        catch (AggregateException e)
        {
            (errors ??= []).AddRange(e.InnerExceptions);
        }
    }

    private bool IsTokenOfAncestor(CancellationToken token)
    {
        for (CancelScope? scope = Parent!.Canceller; scope is not null; scope = scope.Parent!.Canceller)
        {
            if (Volatile.Read(ref scope._source) is { } source && source.Token == token)
            {
                return true;
            }
        }

        return false;
    }

    private AggregateException CallbacksFailed(List<Exception> errors) =>
        new($"'{Path}' was cancelled, and callbacks registered on its tokens threw.", errors);
}
