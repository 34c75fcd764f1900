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
/// </remarks>
public class CancelScope : TreeNode, IAsyncDisposable
{
    private CancellationTokenSource? _source;
    private CancellationTokenRegistration _outerRegistration;
    private CancelCause? _cause;

    // What callbacks threw when scopes below were cancelled because this one closes; DisposeAsync throws it. Owner: the gate.
    private List<Exception>? _leftoversErrors;
    private readonly string? _name;
    private Nest _nest = Nest.HeldByOwnWork();

    private protected CancelScope(TreeNode parent, CallSite site, CancellationToken outer)
        : base(parent, site)
    {
        _name = site.Name;
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

    internal override bool EndsWithItsOwner => true;

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
        var scope = new CancelScope(this, new CallSite(name, file, line), CancellationToken.None);
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

        if (cause is not null)
        {
            using (Gate.Enter())
            {
                _cause ??= cause;
            }
        }

        if (watched)
        {
            TreeEvents.Opened(this);
            ReleaseChildren(1);
        }

        // A token of a node above needs no registration: that node reaches this one through the tree.
        if (Outer.CanBeCanceled && !IsTokenOfAncestor(Outer))
        {
            CancellationTokenRegistration registration = Outer.UnsafeRegister(
                static state =>
                {
                    var scope = (CancelScope)state!;
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
                _outerRegistration = registration;
                closed = IsClosed;
            }

            if (closed)
            {
                // The node that opened the scope has ended meanwhile, and closed it.
                registration.Unregister();
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
                scope.Fire(ref errors);
            }
        }

        return errors;
    }

    /// <summary>Callbacks threw during a cancellation that no user code called: the parent is told.</summary>
    private protected virtual void OnCancelCallbacksFailed(AggregateException error) => ReportIfUnawaited(error);

    private protected override void OnUnawaitedFailure(TreeNode nested, Exception error)
    {
        using (Gate.Enter())
        {
            (_leftoversErrors ??= []).Add(error);
        }
    }

    private protected virtual ValueTask CloseAsync()
    {
        TryEndOwnWork();
        if (Volatile.Read(ref _leftoversErrors) is null)
        {
            return ValueTask.CompletedTask;
        }

        List<Exception>? errors;
        using (Gate.Enter())
        {
            errors = _leftoversErrors;
            _leftoversErrors = null;
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

        if (!Outer.CanBeCanceled)
        {
            return;
        }

        CancellationTokenRegistration registration;
        using (Gate.Enter())
        {
            registration = _outerRegistration;
        }

        registration.Unregister();
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

    private void Fire(ref List<Exception>? errors)
    {
        try
        {
            Volatile.Read(ref _source)?.Cancel();
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
