using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Treeline;

/// <summary>
/// The run of one async method that returns a fiber: its state, its place in the tree if it is a child, the work item
/// that resumes it, and what awaits it, in one object that is used again.
/// </summary>
/// <typeparam name="T">The type of the result.</typeparam>
/// <remarks>
/// <para><b>Protocol.</b> A fiber is born cold: calling the method runs none of it. Whoever has it claims it once, for one
/// <see cref="FiberUse"/>, and that decides who starts it, who hears of its end and when the object is used again. A
/// handle (<see cref="Fiber{T}"/>) carries the version, so one that has been used up is told from one that has not. The
/// claim is a plain check: two uses one after the other are caught, two threads that claim in the same instant are not.</para>
/// <para><b>Owners.</b> At any time one thread owns the box: who claims it; then whoever runs a step of it; while it
/// waits, what it waits for, until that hands it to an executor (a release; running it is the acquire). So a step writes
/// nothing to the box once it has registered with what it waits for. Only the parts it has as a child are shared, under
/// the lock of <see cref="ChildNode"/>.</para>
/// </remarks>
[DebuggerDisplay("{Describe(Version),nq}")]
internal abstract class FiberBox<T> : ChildNode<T>, IScopeBody<T>
{
    private Action? _step;
    private FiberUse _use;

    /// <summary>Runs a step of it on the thread that calls, for foreign awaiters. Made once per object.</summary>
    internal Action StepAction => _step ??= () => WorkerThread.Current.Run(this);

    internal sealed override bool IsChild => _use == FiberUse.Child;

    internal sealed override bool PublishesItself => _use == FiberUse.Child && AwaitsForeign;

    private protected abstract string MethodName { get; }

    /// <summary>True if its code awaits anything that is not Treeline's.</summary>
    private protected abstract bool AwaitsForeign { get; }

    /// <summary>The method, and what has become of it.</summary>
    internal string Describe(int version) => Version == version ? $"{MethodName} ({_use})" : $"{MethodName} (used up)";

    /// <summary>Throws when it has been claimed before.</summary>
    internal void ThrowIfClaimed(int version)
    {
        if (Version != version || _use != FiberUse.Cold)
        {
            throw new InvalidOperationException(
                $"The fiber of '{MethodName}' has been awaited, spawned or made a task before. A fiber runs once: call the "
                + "method again, or, if several have to wait for one run, share the task that AsTask gives.");
        }
    }

    /// <summary>It becomes a child of <paramref name="scope"/>.</summary>
    internal void ClaimAsChild(int version, TaskScope scope, CallSite site)
    {
        Claim(version, FiberUse.Child);
        PlaceAsChild(scope, site);
        Context = scope.ContextForChildren();
    }

    /// <summary>Drops it: it will not run.</summary>
    internal void Drop(int version)
    {
        Claim(version, FiberUse.Ended);
        Free();
    }

    /// <summary>Runs it as part of the fiber that awaits it, right after that one has given way, on the same thread.</summary>
    internal void StartAwaited(ChildNode awaiting, int version)
    {
        Claim(version, FiberUse.Awaited);
        WorkerThread thread = WorkerThread.Current;
        ExecutionContext? context = ExecutionContext.Capture();
        awaiting.GiveWay(context);
        Joiner = awaiting.Resumption(thread);
        SetParent(thread.Node);
        Context = context;
        thread.Next = this;
    }

    /// <summary>Runs it as the body of a scope, on this thread until it first waits.</summary>
    internal void StartAsBody(TaskScope scope, int version)
    {
        Claim(version, FiberUse.Body);
        SetParent(scope);
        Context = scope.ContextForChildren();
        WorkerThread.Current.Run(this);
    }

    /// <summary>Runs it on this thread until it first waits, and gives its end as a task.</summary>
    /// <param name="version">The version of the handle.</param>
    /// <param name="use">As a task, or awaited by plain code, which calls <see cref="TakeResult"/>.</param>
    /// <returns>The task.</returns>
    internal Task<T> StartAsTask(int version, FiberUse use)
    {
        Claim(version, use);
        var promise = new TaskPromise<T>();
        Task<T> task = promise.Task;
        Promise = promise;
        SetParent(Ambient.Current);
        Parent?.Pin(); // it may outlive the node
        Context = ExecutionContext.Capture();
        WorkerThread.Current.Run(this);
        return task;
    }

    /// <summary>The result of a fiber that was awaited; throws what it threw. The object may then be used again.</summary>
    internal T TakeResult(int version)
    {
        if (Version != version || _use != FiberUse.Ended)
        {
            return TakePlainResult(version);
        }

        T? result = Result;
        ExceptionDispatchInfo? thrown = Thrown;
        Free();
        thrown?.Throw();
        return result!;
    }

    T IScopeBody<T>.TakeResult()
    {
        T result = Result!;
        Free();
        return result;
    }

    /// <inheritdoc/>
    internal sealed override bool IsStep(Action action) => ReferenceEquals(action, _step);

    /// <inheritdoc/>
    internal sealed override ChildNode? AwaitingFiber => _use == FiberUse.Awaited ? Joiner as ChildNode : null;

    /// <inheritdoc/>
    internal sealed override void Step(WorkerThread thread)
    {
        if (_use == FiberUse.ChildEnded)
        {
            throw RunTwice();
        }

        ExecutionContext context = Context ?? DefaultContext.Value;
        if (!ReferenceEquals(ExecutionContext.Capture(), context))
        {
            ExecutionContext.Restore(context);
        }

        thread.Node = _use == FiberUse.Child ? this : Parent;
        if (!HasStarted && !TryBegin(thread.Node))
        {
            return;
        }

        MoveNext();
    }

    /// <summary>The method has returned.</summary>
    internal void Return(T result)
    {
        Result = result;
        End(null);
    }

    /// <summary>The method has thrown.</summary>
    internal void Throw(Exception error) => End(error);

    private protected abstract void MoveNext();

    private protected abstract void ClearStateMachine();

    private protected sealed override Executor ExecutorIn(TaskScope scope) =>
        _use is FiberUse.Child or FiberUse.ChildEnded ? scope.ChildExecutor : scope.Executor;

    private protected sealed override void DropWork()
    {
        ClearStateMachine();
        Context = null;
        _use = FiberUse.ChildEnded;
    }

    private protected sealed override void OnRenewed()
    {
        base.OnRenewed();
        _use = FiberUse.Cold;
    }

    private void Claim(int version, FiberUse use)
    {
        ThrowIfClaimed(version);
        _use = use;
    }

    private T TakePlainResult(int version)
    {
        if (Version == version && _use == FiberUse.Cold)
        {
            throw new InvalidOperationException(
                $"The fiber of '{MethodName}' has not run: fibers start when they are awaited. Use await, or AsTask where "
                + "nothing can be awaited.");
        }

        if (Version != version || _use != FiberUse.AwaitedByPlain)
        {
            ThrowIfClaimed(version);
        }

        Task<T> task = ((TaskPromise<T>)Promise!).Task;
        if (!task.IsCompleted)
        {
            throw new InvalidOperationException(
                $"The fiber of '{MethodName}' has not ended. Use await; blocking would hold a thread that may have to run it.");
        }

        Free();
        return task.GetAwaiter().GetResult();
    }

    private InvalidOperationException RunTwice() =>
        new($"The executor ran '{Path}' twice. Executor.Schedule must run each work item exactly once.");

    private bool TryBegin(TreeNode? node)
    {
        if (_use == FiberUse.Child)
        {
            if (!TryTake())
            {
                throw RunTwice();
            }

            if (Scope.IsCancellationRequested)
            {
                NeverStart();
                return false;
            }

            if (TreeEvents.WatchesCode)
            {
                TreeEvents.CodeBegins(this);
            }
        }

        if (AwaitsForeign && node is ChildNode child && !Ambient.IsPublished(child))
        {
            Ambient.Published = new NodeRef(child);
            AwaitingFiber?.GoOnIn(published: ExecutionContext.Capture(), before: Context);
        }

        MarkStarted();
        return true;
    }

    private void End(Exception? error)
    {
        WorkerThread thread = WorkerThread.Current;
        if (_use != FiberUse.Awaited)
        {
            // Ending may run code of others on this stack, and the node is no longer theirs to run in.
            thread.Node = null;
        }

        switch (_use)
        {
            case FiberUse.Awaited:
                IThreadPoolWorkItem awaiting = Joiner!;
                if (error is not null)
                {
                    NoteThrown(error);
                }

                _use = FiberUse.Ended;
                if (awaiting is ChildNode fiber)
                {
                    thread.Next = fiber;
                }
                else
                {
                    awaiting.Execute();
                }

                break;

            case FiberUse.Child:
                DropWork();
                EndWork(error, dispatched: true);
                break;

            case FiberUse.Body:
                ((TaskScope)Parent!).BodyEnded(error);
                break;

            default:
                var promise = (TaskPromise<T>)Promise!;
                T result = Result!;
                if (_use == FiberUse.Task)
                {
                    Free();
                }

                promise.Complete(result, error);
                break;
        }
    }

    private void Free()
    {
        ClearStateMachine();
        if (TryRenew())
        {
            ReturnToPool();
        }
    }
}
