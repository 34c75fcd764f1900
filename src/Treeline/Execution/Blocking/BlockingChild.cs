using System.Diagnostics;

namespace Treeline;

/// <summary>A child whose code blocks its thread, and so runs on one of a <see cref="BlockingPool"/>.</summary>
/// <remarks>
/// <b>Protocol.</b> <c>_stage</c> leaves Waiting once, by compare-and-swap: to Begun by the thread that is to run the code,
/// or to Cancelled by the callback of the scope's token. In the latter case the child is handed to the scope's executor to
/// end there, at once, however long the threads of the pool are busy: a callback must not run what awaits the child. Who
/// takes it from Cancelled to Ended, again by compare-and-swap, ends it: the executor, or a thread of the pool that has
/// come to it meanwhile. <c>_place</c> is written by the spawner after the pool has taken the child; spawner and canceller
/// each look at the other's word after writing their own (both are full fences), so one of them clears the queue.
/// <para>
/// The object is never used again: a late callback, or the queue, may still know it.
/// </para>
/// </remarks>
/// <typeparam name="T">The type of the result.</typeparam>
internal sealed class BlockingChild<T> : ChildNode<T>
{
    private const int Waiting = 0;
    private const int Begun = 1;
    private const int Cancelled = 2;
    private const int Ended = 3;

    private static readonly ContextCallback s_run = static child => ((BlockingChild<T>)child!).RunWork();
    private static readonly Action<object?> s_cancelled = static child => ((BlockingChild<T>)child!).OnCancelled();

    private readonly BlockingPool _pool;

    // Owner: the thread that runs it.
    private Delegate? _work;
    private int _stage;
    private LinkedListNode<IThreadPoolWorkItem>? _place;

    // Written by the spawner before the pool has the child.
    private CancellationTokenRegistration _registration;

    public BlockingChild(Delegate work, BlockingPool pool)
    {
        _work = work;
        _pool = pool;
        Context = ExecutionContext.Capture();
        Pin();
    }

    internal override bool IsChild => true;

    internal override bool PublishesItself => true;

    internal override void Step(WorkerThread thread)
    {
        if (Interlocked.CompareExchange(ref _stage, Begun, Waiting) != Waiting)
        {
            if (Interlocked.CompareExchange(ref _stage, Ended, Cancelled) == Cancelled)
            {
                _registration.Unregister();
                NeverStart();
            }

            return; // somebody else has ended it
        }

        _registration.Unregister();
        if (Scope.IsCancellationRequested)
        {
            NeverStart();
            return;
        }

        ExecutionContext context = Context ?? DefaultContext.Value;
        Context = null;
        thread.Node = null;
        ExecutionContext.Run(context, s_run, this);
    }

    private protected override void HandToExecutor()
    {
        // Before it is queued: from then on any thread may end it.
        _registration = Scope.Token.UnsafeRegister(s_cancelled, this);
        LinkedListNode<IThreadPoolWorkItem>? place;
        try
        {
            place = _pool.Submit(this);
        }
        catch (Exception) when (Interlocked.CompareExchange(ref _stage, Ended, Waiting) != Waiting)
        {
            return; // it had been cancelled, and ends as that
        }

        if (place is not null)
        {
            Interlocked.Exchange(ref _place, place);
            if (Volatile.Read(ref _stage) >= Cancelled)
            {
                _pool.Remove(place);
            }
        }
    }

    private protected override void DropWork()
    {
        _work = null;
        Context = null;
    }

    private protected override void ReturnToPool() => throw new UnreachableException();

    private void RunWork()
    {
        MarkStarted();
        Ambient.Published = new NodeRef(this);
        if (TreeEvents.WatchesCode)
        {
            TreeEvents.CodeBegins(this);
        }

        Delegate work = _work!;
        _work = null;
        try
        {
            if (work is Func<CancellationToken, T> function)
            {
                Result = function(Scope.Token);
            }
            else
            {
                ((Action<CancellationToken>)work)(Scope.Token);
            }
        }
        catch (Exception e)
        {
            EndWork(e);
            return;
        }

        EndWork(null);
    }

    private void OnCancelled()
    {
        if (Interlocked.CompareExchange(ref _stage, Cancelled, Waiting) != Waiting)
        {
            return;
        }

        if (Volatile.Read(ref _place) is { } place)
        {
            _pool.Remove(place);
        }

        try
        {
            Scope.ChildExecutor.Schedule(this);
        }
        catch (Exception)
        {
            // It may be shutting down. The child has to end all the same.
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }
}
