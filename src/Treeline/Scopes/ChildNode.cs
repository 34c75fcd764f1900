using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Treeline;

/// <summary>
/// A child task: one object is the node of the tree, the work item and what is awaited. Users hold it through
/// <see cref="ChildTask"/>, a handle with a version, so that the object of a child that has succeeded, and has no result,
/// can serve the next one.
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> Its own work ends once, in <see cref="EndWork"/>: outcome noted, failure told to the scope
/// (which cancels the siblings). If nothing is nested in it, and that is the rule, it is over right there: final state and
/// joiners under the lock, the joiners handed to their executors, the scope's hold given back (by a worker together with
/// those of the siblings it runs next, see <see cref="WorkerThread.EndChild"/>). A task made of it completes last. Otherwise
/// the last node nested in it closes it, as it does any node.</para>
/// <para><b>The word</b> holds the version (upper half), the final state, a lock and what the lock guards. All changes of
/// the word are made by whoever has the lock, which is taken by compare-and-swap (acquire) for some tens of instructions
/// and given back by a plain write (release). So whoever reads a final state sees error and result, and a handle whose
/// version is older can take no lock: what it meant has ended, with success, since only such objects are used again.</para>
/// <para><b>Who may touch it.</b> Between spawn and end the scope's list and the thread that runs it; that thread touches
/// nothing after it has written the final state, except what it took out before. From then on it belongs to the scope's
/// gate, under which <see cref="Recycle"/> gives it away, unless somebody has pinned it.</para>
/// </remarks>
[DebuggerDisplay("{Path,nq} ({State})")]
internal abstract class ChildNode : TreeNode, IThreadPoolWorkItem
{
    private const long Locked = 1;
    private const long Pinned = 2;
    private const long Nested = 4;
    private const long Taken = 8;
    private const long HasPlace = 16;
    private const long IsScope = 32;
    private const long Counted = 64;
    private const long Succeeded = 0x100;
    private const long Failed = 0x200;
    private const long Cancelled = 0x300;
    private const long FinalMask = 0x300;
    private const int LastVersion = int.MaxValue;

    private long _word;

    // Owner: the lock. What is rarely needed is kept beside.
    private ChildExtras? _extras;
    private bool _cancelled;
    private volatile bool _started;
    private volatile bool _observed;

    public override NodeState State
    {
        get
        {
            long word = Volatile.Read(ref _word);
            return (word & FinalMask) switch
            {
                Succeeded => NodeState.Succeeded,
                Failed => NodeState.Failed,
                Cancelled => NodeState.Cancelled,
                _ when Canceller is { IsCancellationRequested: true } => NodeState.Cancelling,
                _ when !_started => NodeState.Pending,
                _ => OwnWorkEnded ? NodeState.Joining : NodeState.Running,
            };
        }
    }

    /// <summary>True once it has ended, in whatever way.</summary>
    public bool IsCompleted => (Volatile.Read(ref _word) & FinalMask) != 0;

    /// <summary>Counts the uses of this object.</summary>
    public int Version => (int)(Volatile.Read(ref _word) >> 32);

    internal sealed override NodeKind Kind => NodeKind.Child;

    internal sealed override CancelScope? Canceller => Parent as CancelScope;

    internal override Executor Executor =>
        Parent is TaskScope scope ? ExecutorIn(scope) : (Parent ?? ProcessRoot.Instance).Executor;

    /// <summary>Where the code runs that belongs to <paramref name="scope"/>: its children, unless it is the body's.</summary>
    private protected virtual Executor ExecutorIn(TaskScope scope) => scope.ChildExecutor;

    internal sealed override bool HasNest => (Volatile.Read(ref _word) & Nested) != 0;

    internal sealed override ref Nest Nest => ref _extras!.Nest;

    internal sealed override bool OwnWorkEnded => HasNest && base.OwnWorkEnded;

    internal sealed override bool IsClosed => IsCompleted;

    internal TaskScope Scope => (TaskScope)Parent!;

    /// <summary>True once somebody has looked at how it ended, so that a supervising scope need not report it.</summary>
    internal bool IsObserved => _observed;

    /// <summary>What it ended with, if not with success.</summary>
    internal Exception? Error => Thrown?.SourceException;

    internal sealed override Exception? Failure => Error;

    private protected sealed override string? GivenName => Volatile.Read(ref _extras)?.Name;

    /// <summary>
    /// The fiber that awaits it: of a child the first, in most cases the only one (owner: the lock); of a fiber awaited by
    /// another, that one (owner: the thread that runs it).
    /// </summary>
    private protected IThreadPoolWorkItem? Joiner { get; set; }

    /// <summary>
    /// What it ended with, if not with success, captured once, so that each awaiter adds its stack to that of the failure
    /// only. Written before the final state.
    /// </summary>
    private protected ExceptionDispatchInfo? Thrown { get; private set; }

    /// <summary>The context its code runs in when it next runs; null: the default one. Owner: the thread that runs it.</summary>
    private protected ExecutionContext? Context { get; set; }

    /// <summary>Of a fiber that is no child: what completes the task made of it. Owner: the thread that runs it.</summary>
    private protected object? Promise
    {
        get => _extras?.Completion;
        set => Extras.Completion = value;
    }

    private protected bool HasStarted => _started;

    /// <summary>Called under the lock.</summary>
    private ChildExtras Extras
    {
        get
        {
            if (_extras is null)
            {
                Volatile.Write(ref _extras, new ChildExtras());
            }

            return _extras;
        }
    }

    void IThreadPoolWorkItem.Execute() => WorkerThread.Current.Run(this, dispatched: true);

    /// <summary>Hands something that awaited to where it goes on.</summary>
    internal static void Resume(IThreadPoolWorkItem joiner)
    {
        if (joiner is ChildNode fiber)
        {
            fiber.Executor.ScheduleWoken(fiber);
        }
        else
        {
            joiner.Execute(); // it only posts
        }
    }

    /// <summary>Its code waits: notes the context in which it goes on. The last write to it before it registers.</summary>
    internal void GiveWay(ExecutionContext? context) => Context = context;

    /// <summary>What resumes it: itself, or, in code that has a synchronization context of its own, what posts it there.</summary>
    internal IThreadPoolWorkItem Resumption(WorkerThread thread) =>
        thread.Worker is null && SynchronizationContext.Current is { } context ? new ContextPost(context, this) : this;

    /// <summary>The fiber that this one runs for, if it is awaited by one: it belongs to the same child.</summary>
    internal virtual ChildNode? AwaitingFiber => null;

    /// <summary>
    /// Lets this fiber, and those it runs for, go on in another context than the one in which they gave way, so that what was published for the
    /// child is published once, not at each call of a method. One whose context is its own keeps it. Called by the fiber that they wait for,
    /// to whom they belong meanwhile.
    /// </summary>
    internal void GoOnIn(ExecutionContext? published, ExecutionContext? before)
    {
        for (ChildNode? fiber = this; fiber is not null && ReferenceEquals(fiber.Context, before); fiber = fiber.AwaitingFiber)
        {
            fiber.Context = published;
        }
    }

    /// <summary>True if <paramref name="action"/> is what a fiber gives to awaiters that are not Treeline's.</summary>
    internal virtual bool IsStep(Action action) => false;

    /// <summary>Runs its code until it waits or ends. Called by <see cref="WorkerThread.Run"/> only.</summary>
    internal abstract void Step(WorkerThread thread);

    /// <summary>Puts a new child in its place in the tree, before anybody else knows it.</summary>
    internal void PlaceAsChild(TaskScope scope, CallSite site)
    {
        Place(scope, site);
        if (site.Name is { } name)
        {
            _extras = new ChildExtras { Name = name };
        }

        // What has been given a name keeps it. And an executor that is not ours might keep the work item, and run it again.
        if (site.Name is not null || scope.ChildExecutor is not Scheduler)
        {
            _word |= Pinned;
        }

        // Kept here as well, so that the end of a child reads nothing that lies beside what the spawner writes.
        if (scope.Ledger is not null)
        {
            _word |= Counted;
        }
    }

    /// <summary>Hands the child to its executor, unless the scope was cancelled before: then it never starts.</summary>
    internal void Launch(bool cancelledBefore)
    {
        if (cancelledBefore)
        {
            NeverStart();
            return;
        }

        try
        {
            HandToExecutor();
        }
        catch (Exception e)
        {
            if (!TryTake())
            {
                throw; // it runs all the same, and the executor's author must hear of it
            }

            // The executor refused it (it may be shutting down): the child has failed, and the scope will not wait for it.
            DropWork();
            EndWork(e);
        }
    }

    /// <summary>Its code is a scope and nothing else: the cancellation of that scope is its own.</summary>
    internal void ActForScope()
    {
        Lock();
        Unlock(IsScope);
    }

    /// <summary>It has one of the places under its scope's limit, and is about to be launched.</summary>
    internal void GivePlace()
    {
        Lock();
        Unlock(HasPlace);
    }

    /// <summary>True while it waits for one of the places under its scope's limit.</summary>
    internal bool WaitsForPlace =>
        Parent is TaskScope { Ledger.Limit: not null } && (Volatile.Read(ref _word) & (HasPlace | FinalMask)) == 0;

    /// <summary>True once it has ended, in whatever way; also when the object serves another by now.</summary>
    internal bool HasEnded(int version)
    {
        long word = Volatile.Read(ref _word);
        return (word & FinalMask) != 0 || (int)(word >> 32) != version;
    }

    /// <summary>Its number; 0 when the object serves another by now.</summary>
    internal long IdIfStill(int version)
    {
        if (!TryLock(version))
        {
            return 0;
        }

        Unlock(Pinned);
        return Id;
    }

    /// <summary>Hands <paramref name="resume"/> to where it goes on, once this child has ended.</summary>
    internal void Suspend(IThreadPoolWorkItem resume, Executor executor, int version)
    {
        WorkerThread.Current.Node?.BeginWait(this, version);
        if (!TryJoin(version, resume))
        {
            // It ended just now, or the budget is used up.
            executor.ScheduleYielded(resume);
        }
    }

    /// <summary>
    /// Resumes <paramref name="joiner"/> when this child has ended. False: it has, so nothing will.
    /// </summary>
    internal bool TryJoin(int version, IThreadPoolWorkItem joiner)
    {
        if (!TryLock(version))
        {
            return false;
        }

        if (IsCompleted)
        {
            Unlock(0);
            return false;
        }

        if (Joiner is null)
        {
            Joiner = joiner;
        }
        else
        {
            Extras.AddJoiner(joiner);
        }

        Unlock(0);
        return true;
    }

    /// <summary>The end of the child as something that a select can wait for.</summary>
    internal ChildEnd EndFor(int version)
    {
        ChildEnd? end = null;
        if (TryLock(version))
        {
            if (!IsCompleted)
            {
                end = Extras.End ??= new ChildEnd(this, version, hasEnded: false);
            }

            Unlock(0);
        }

        return end ?? new ChildEnd(this, version, hasEnded: true);
    }

    /// <summary>The end of the child as a task, made when first asked for; null if it has succeeded and is gone.</summary>
    internal Task? Completion(int version, bool observe)
    {
        if (!TryLock(version))
        {
            return null;
        }

        // Published under the lock: open before the end, for the end to complete it, or completed right here.
        object? completion = Extras.Completion;
        bool ended = IsCompleted;
        if (completion is null)
        {
            Extras.Completion = completion = NewCompletion();
            if (ended)
            {
                Complete(completion);
            }
        }

        _observed |= observe;
        Unlock(Pinned);
        return TaskOf(completion);
    }

    /// <summary>Throws what the child ended with, if not with success. Marks it as looked at.</summary>
    internal void ThrowIfUnsuccessful(int version)
    {
        long word = Volatile.Read(ref _word);
        if ((int)(word >> 32) != version || (word & FinalMask) == Succeeded)
        {
            return; // it may be another by now, or become one: nothing is read from it or written to it
        }

        if ((word & FinalMask) == 0)
        {
            throw new InvalidOperationException(
                $"'{Path}' has not ended. Use await; blocking on a child would hold a thread that may have to run it.");
        }

        _observed = true;
        if (_extras?.Completion is { } completion)
        {
            // The error is being thrown at somebody: the task must not call it unobserved as well.
            _ = TaskOf(completion).Exception;
        }

        Thrown!.Throw();
    }

    /// <summary>Somebody has looked at how it ended.</summary>
    internal void Observe() => _observed = true;

    /// <summary>
    /// Lets the object serve another child, if nobody can tell. Called under the scope's gate, for a child that has ended
    /// and has been taken out of the list.
    /// </summary>
    internal void Recycle()
    {
        if (HasResult || (Volatile.Read(ref _word) & (Pinned | Nested | FinalMask)) != Succeeded)
        {
            return;
        }

        Lock(); // somebody may be pinning it right now
        bool renewed = (_word & Pinned) == 0 && TryRenew();
        if (renewed)
        {
            ReturnToPool();
        }
        else
        {
            Unlock(0);
        }
    }

    internal override bool TryAdopt(TreeNode nested, out CancelCause? cause)
    {
        Lock();
        if (IsCompleted)
        {
            Unlock(0);
            cause = null;
            return false;
        }

        if (!HasNest)
        {
            Extras.Nest = Nest.HeldByOwnWork();
        }

        Unlock(Nested | Pinned);

        // Pairs with the fence in CancelScope.Mark: either the canceller sees the nest, or this sees its cause.
        Interlocked.MemoryBarrier();
        return base.TryAdopt(nested, out cause);
    }

    /// <summary>True when it is a child of its parent; false for a fiber that runs as part of something else.</summary>
    internal abstract bool IsChild { get; }

    /// <summary>True when all its code finds the child in its execution context.</summary>
    internal abstract bool PublishesItself { get; }

    /// <summary>True when it has a result that somebody may ask for at any time.</summary>
    private protected abstract bool HasResult { get; }

    /// <summary>Gives the object to its pool.</summary>
    private protected abstract void ReturnToPool();

    /// <summary>Its code is to begin, soon and elsewhere.</summary>
    private protected virtual void HandToExecutor() => Scope.ChildExecutor.Schedule(this);

    /// <summary>Lets go of the work: it will not run.</summary>
    private protected abstract void DropWork();

    /// <summary>A source of the task that ends as the child does.</summary>
    private protected abstract object NewCompletion();

    private protected abstract Task TaskOf(object completion);

    /// <summary>Completes the source as the child ended.</summary>
    private protected abstract void Complete(object completion);

    /// <summary>
    /// Whether the executor runs it for the first time. Treeline's own make no mistakes here; others may.
    /// </summary>
    private protected bool TryTake()
    {
        if (Scope.ChildExecutor is Scheduler)
        {
            return true;
        }

        Lock();
        bool first = (_word & Taken) == 0;
        Unlock(Taken);
        return first;
    }

    /// <summary>Its code begins.</summary>
    private protected void MarkStarted() => _started = true;

    /// <summary>The scope had been cancelled before the child began.</summary>
    private protected void NeverStart()
    {
        DropWork();
        EndWork(new NodeCanceledException(this, "did not start", Scope.Cause!, Scope.Token));
    }

    internal sealed override void Pin()
    {
        Lock();
        Unlock(Pinned);
    }

    internal sealed override void OnUnawaitedFailure(TreeNode nested, Exception error)
    {
        Lock();
        Thrown ??= ExceptionDispatchInfo.Capture(error); // own work has ended: nothing, or an earlier error
        Unlock(0);
        Scope.ChildFailed(nested, error);
    }

    /// <summary>Its own code has returned, or thrown <paramref name="error"/>.</summary>
    /// <param name="error">What it has thrown.</param>
    /// <param name="dispatched">True when this is the end of a step that <see cref="WorkerThread.Run"/> runs.</param>
    private protected void EndWork(Exception? error, bool dispatched = false)
    {
        TaskScope scope = Scope;
        if (error is not null)
        {
            NoteError(scope, error);
        }

        bool watched = TreeEvents.WatchesEnd(well: error is null);
        if (watched)
        {
            Pin(); // listeners look at it after it has ended
        }

        Lock();
        if (HasNest)
        {
            Unlock(0);
            TryEndOwnWork();
            return;
        }

        IThreadPoolWorkItem? joiner = Joiner;
        ChildExtras? extras = _extras;
        Joiner = null;
        bool counted = (_word & Counted) != 0;
        bool hadPlace = (_word & HasPlace) != 0;
        NodeState end = Settle();
        if (watched)
        {
            TreeEvents.Ended(this);
        }

        if (counted)
        {
            scope.ChildEnded(end, hadPlace);
        }

        // From here on the object may already serve another child, unless a task was made of it.
        Resume(joiner, extras);
        if (extras?.Completion is not null)
        {
            scope.ReleaseChildren(1, toComplete: this);
        }
        else if (dispatched)
        {
            WorkerThread.Current.EndChild(scope);
        }
        else
        {
            scope.ReleaseChildren(1);
        }
    }

    /// <summary>The last node nested in it has closed, after its own work had ended.</summary>
    private protected sealed override void OnClosing()
    {
        Lock();
        bool hadPlace = (_word & HasPlace) != 0;
        NodeState end = Settle();
        if (TreeEvents.WatchesEnd(well: end == NodeState.Succeeded))
        {
            TreeEvents.Ended(this);
        }

        if (Scope.Ledger is not null)
        {
            Scope.ChildEnded(end, hadPlace);
        }
    }

    private protected sealed override void OnClosed(bool inline)
    {
        Resume(Joiner, _extras);
        Joiner = null;
        CompleteTask(inline);
    }

    /// <summary>Completes the task that was made of it, if there is one: here, or on the thread pool.</summary>
    internal void CompleteTask(bool inline)
    {
        // Made under the lock before the child was final, or else by somebody who saw that it was and completed it.
        if (_extras?.Completion is not { } completion || TaskOf(completion).IsCompleted)
        {
            return;
        }

        if (inline)
        {
            Complete(completion);
        }
        else
        {
            SchedulerContext.RunSoon(
                static state => state.Child.Complete(state.Completion), (Child: this, Completion: completion));
        }
    }

    /// <summary>What a fiber that is no child ended with.</summary>
    private protected void NoteThrown(Exception error) => Thrown = ExceptionDispatchInfo.Capture(error);

    /// <summary>
    /// Makes the object as good as new, under the next version, without the lock. False: it has had its last version.
    /// Called by whoever owns the object; of a child, with the lock.
    /// </summary>
    private protected bool TryRenew()
    {
        int version = Version;
        if (version == LastVersion)
        {
            return false;
        }

        _extras = null;
        _cancelled = false;
        _started = false;
        _observed = false;
        Joiner = null;
        Thrown = null;
        Context = null;
        SetParent(null);
        OnRenewed();
        Volatile.Write(ref _word, (long)(version + 1) << 32);
        return true;
    }

    private protected virtual void OnRenewed()
    {
    }

    /// <summary>False when the object serves another by now.</summary>
    private protected bool TryLock(int version)
    {
        var spinner = default(SpinWait);
        while (true)
        {
            long word = Volatile.Read(ref _word);
            if ((int)(word >> 32) != version)
            {
                return false;
            }

            if ((word & Locked) == 0 && Interlocked.CompareExchange(ref _word, word | Locked, word) == word)
            {
                return true;
            }

            spinner.SpinOnce(sleep1Threshold: 200);
        }
    }

    private static void Resume(IThreadPoolWorkItem? joiner, ChildExtras? extras)
    {
        if (joiner is not null)
        {
            Resume(joiner);
        }

        extras?.ResumeJoiners();
    }

    private void NoteError(TaskScope scope, Exception error)
    {
        Thrown = ExceptionDispatchInfo.Capture(error);

        // An OperationCanceledException is cancellation only if the scope really is cancelled; otherwise (say, the
        // timeout of an HttpClient) it is a failure like any other.
        if (error is OperationCanceledException && scope.IsCancellationRequested)
        {
            _cancelled = true;
            scope.ChildCancelled();
        }
        else if ((Volatile.Read(ref _word) & IsScope) != 0
            && error is NodeCanceledException { Node: TaskScope own } && ReferenceEquals(own.Parent, this) && own.CancelledItself)
        {
            // It and its scope are one to those who spawned it, and that was really cancelled, alone.
            _cancelled = true;
        }
        else
        {
            scope.ChildFailed(this, error);
        }
    }

    /// <summary>Writes the final state. Called with the lock, which it gives back.</summary>
    private NodeState Settle()
    {
        (long final, NodeState end) = Thrown is null ? (Succeeded, NodeState.Succeeded)
            : _cancelled ? (Cancelled, NodeState.Cancelled)
            : (Failed, NodeState.Failed);
        Unlock(final);
        return end;
    }

    private void Lock()
    {
        var spinner = default(SpinWait);
        while (true)
        {
            long word = Volatile.Read(ref _word);
            if ((word & Locked) == 0 && Interlocked.CompareExchange(ref _word, word | Locked, word) == word)
            {
                return;
            }

            spinner.SpinOnce(sleep1Threshold: 200);
        }
    }

    private void Unlock(long set) => Volatile.Write(ref _word, (_word & ~Locked) | set);
}
