using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Treeline;

/// <summary>
/// A task that a <see cref="TaskScope"/> owns: <c>await</c> it for its result, or leave it to the scope, which does not
/// end before it has. It shares its scope's cancellation; to cancel one thing alone, give it a scope of its own.
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> One object is the work item, the node of the tree and what is awaited. Its own work ends once,
/// in <see cref="EndWork"/>: outcome noted, failure told to the scope (which cancels the siblings), own hold given back.
/// When the last hold has gone (a scope it forgot to await may outlast its code), <see cref="OnClosing"/> settles the
/// final state; the base class unlinks it and gives the scope's hold back, in one step, and then resumes who awaits it.</para>
/// <para><see cref="_final"/> is written once, under the scope's gate, in the section that gives the scope's hold back.
/// Reading it (acquire) as final makes error and result visible.</para>
/// </remarks>
[DebuggerDisplay("{Path,nq} ({State})")]
public abstract class ChildTask : TreeNode, IThreadPoolWorkItem
{
    private static readonly ContextCallback s_begin = static child => ((ChildTask)child!).Begin();

    private ExecutionContext? _context;

    // What there is of the child at its stage: the delegate; once called, the task it returned while that runs (owner of
    // both: the thread that runs the work); at the end what it ended with, if not with success, captured once, so that each
    // awaiter adds its stack to that of the failure only. One field, because every child pays for it.
    private object? _stage;
    private bool _cancelled;
    private bool _started;
    private volatile bool _observed;
    private volatile NodeState _final;

    private protected ChildTask(TaskScope scope, Delegate work, CallSite site)
        : base(scope, site)
    {
        _stage = work;
    }

    /// <inheritdoc/>
    public override NodeState State
    {
        get
        {
            NodeState final = _final;
            return final != NodeState.Pending ? final
                : Scope.IsCancellationRequested ? NodeState.Cancelling
                : !Volatile.Read(ref _started) ? NodeState.Pending
                : OwnWorkEnded ? NodeState.Joining
                : NodeState.Running;
        }
    }

    /// <summary>True once it has ended, in whatever way.</summary>
    public bool IsCompleted => _final != NodeState.Pending;

    internal sealed override NodeKind Kind => NodeKind.Child;

    internal sealed override ref Gate Gate => ref Scope.Gate;

    internal sealed override CancelScope Canceller => Scope;

    internal TaskScope Scope => (TaskScope)Parent!;

    /// <summary>True once somebody has looked at how it ended, so that a supervising scope need not report it.</summary>
    internal bool IsObserved => _observed;

    /// <summary>
    /// Awaits the child.
    /// Cancellation: a cancelled child throws the <see cref="OperationCanceledException"/> that ended it; waiting itself
    /// is not cancelled. Any number of awaiters may wait, before and after it ends.
    /// </summary>
    /// <returns>The awaiter. It rethrows what the child failed with, with its stack.</returns>
    /// <exception cref="InvalidOperationException">The child awaits itself.</exception>
    public ChildTaskAwaiter GetAwaiter()
    {
        ThrowIfAwaitedByItself();
        return new ChildTaskAwaiter(this);
    }

    /// <summary>
    /// The child as a <see cref="Task"/>, for code that needs one. From then on the child counts as looked at.
    /// Cancellation: as when awaiting the child.
    /// </summary>
    /// <returns>A task that ends as the child does.</returns>
    public Task AsTask()
    {
        _observed = true;
        return Completion;
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (Interlocked.Exchange(ref _started, true))
        {
            throw new InvalidOperationException(
                $"The executor ran '{Path}' twice. Executor.Schedule must run each work item exactly once.");
        }

        if (_context is { } context)
        {
            _context = null;
            ExecutionContext.Run(context, s_begin, this);
            return;
        }

        // The spawner had suppressed the flow. Whatever the child changes in its executor's context is taken back.
        ExecutionContext? executors = ExecutionContext.Capture();
        Begin();
        if (executors is not null)
        {
            ExecutionContext.Restore(executors);
        }
    }

    /// <summary>Hands the child to its executor, unless the scope was cancelled before: then it never starts.</summary>
    internal void Launch(bool cancelledBefore)
    {
        if (cancelledBefore)
        {
            EndWork(NeverStarted());
            return;
        }

        _context = ExecutionContext.Capture();
        try
        {
            Scope.Executor.Schedule(this);
        }
        catch (Exception e)
        {
            if (Interlocked.Exchange(ref _started, true))
            {
                throw; // it runs all the same, and the executor's author must hear of it
            }

            // The executor refused it (it may be shutting down): the child has failed, and the scope will not wait for it.
            _stage = null;
            EndWork(e);
        }
    }

    /// <summary>The end of the child as a task, made when first asked for. Does not mark the child as looked at.</summary>
    internal abstract Task Completion { get; }

    // Asked when the awaiter is made and not when it suspends: what is thrown there would not reach the code that awaits.
    private protected void ThrowIfAwaitedByItself()
    {
        if (ReferenceEquals(Ambient.Current, this) && !IsCompleted)
        {
            throw new InvalidOperationException($"'{Path}' awaits itself, and would wait for ever.");
        }
    }

    /// <summary>Throws what the child ended with, if not with success. Marks it as looked at.</summary>
    internal void ThrowIfUnsuccessful()
    {
        _observed = true;
        if (_stage is ExceptionDispatchInfo error)
        {
            MarkCompletionHandled();
            error.Throw();
        }
    }

    /// <summary>What it ended with, if not with success.</summary>
    internal Exception? Error => (_stage as ExceptionDispatchInfo)?.SourceException;

    /// <summary>The error is being thrown at somebody; the task behind the awaiter must not call it unobserved as well.</summary>
    private protected abstract void MarkCompletionHandled();

    /// <summary>
    /// Runs the delegate's first part. Null: it has ended, and its result is kept. Throws what the delegate throws.
    /// </summary>
    private protected abstract Task? Invoke(Delegate work, CancellationToken cancellationToken);

    /// <summary>Keeps the result of the delegate's task, which has ended with success.</summary>
    private protected abstract void KeepResult(Task finished);

    private protected sealed override void OnUnawaitedFailure(TreeNode nested, Exception error)
    {
        using (Gate.Enter())
        {
            _stage ??= ExceptionDispatchInfo.Capture(error); // own work has ended: nothing, or an earlier error
        }

        Scope.ChildFailed(nested, error);
    }

    private protected sealed override void OnClosing() =>
        _final = _stage is null ? NodeState.Succeeded : _cancelled ? NodeState.Cancelled : NodeState.Failed;

    private void Begin()
    {
        if (Scope.IsCancellationRequested)
        {
            EndWork(NeverStarted());
            return;
        }

        Ambient.Current = this;
        var function = (Delegate)_stage!;
        _stage = null;
        Task? work;
        try
        {
            work = Invoke(function, Scope.Token);
        }
        catch (Exception e)
        {
            EndWork(e);
            return;
        }

        if (work is null || work.IsCompleted)
        {
            EndWith(work);
        }
        else
        {
            _stage = work;
            work.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(OnRunningCompleted);
        }
    }

    private void OnRunningCompleted()
    {
        var work = (Task)_stage!;
        _stage = null;
        EndWith(work);
    }

    private void EndWith(Task? work)
    {
        if (work is null)
        {
            EndWork(null);
        }
        else if (work.IsCompletedSuccessfully)
        {
            KeepResult(work);
            EndWork(null);
        }
        else if (work.Exception is { } several)
        {
            // A task may carry more than one (Task.WhenAll handed back as it is): none is dropped.
            EndWork(several.InnerExceptions.Count == 1 ? several.InnerException : several);
        }
        else
        {
            try
            {
                work.GetAwaiter().GetResult();
            }
            catch (OperationCanceledException e)
            {
                EndWork(e);
            }
        }
    }

    private void EndWork(Exception? error)
    {
        if (error is not null)
        {
            _stage = ExceptionDispatchInfo.Capture(error);

            // An OperationCanceledException is cancellation only if the scope really is cancelled; otherwise (say, the
            // timeout of an HttpClient) it is a failure like any other.
            if (error is OperationCanceledException && Scope.IsCancellationRequested)
            {
                _cancelled = true;
                Scope.ChildCancelled();
            }
            else
            {
                Scope.ChildFailed(this, error);
            }
        }

        TryEndOwnWork();
    }

    private NodeCanceledException NeverStarted()
    {
        _stage = null;
        return new NodeCanceledException(this, "did not start", Scope.Cause!, Scope.Token);
    }
}
