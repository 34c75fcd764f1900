using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>What a thread knows while it runs work of Treeline. Only its own thread touches it.</summary>
internal sealed class WorkerThread
{
    /// <summary>How many ready awaits in a row work may go through before it lets others run.</summary>
    public const int FullBudget = 128;

    [ThreadStatic]
    private static WorkerThread? t_current;

    /// <summary>The worker that this thread drives now; null on every other thread.</summary>
    public Worker? Worker;

    /// <summary>What is left of <see cref="FullBudget"/>. The worker fills it up before every dispatch.</summary>
    public int Budget = FullBudget;

    /// <summary>What runs on this thread right after the step that runs now: the trampoline that keeps stacks flat.</summary>
    public ChildNode? Next;

    /// <summary>The node whose code runs on this thread; null when no fiber's does.</summary>
    public TreeNode? Node;

    /// <summary>What a worker runs here, or ran last, if its crank wants it noted. Read by the monitor, as a guess.</summary>
    public IThreadPoolWorkItem? Running;

    /// <summary>For whoever watches this thread; made when it first drives a worker.</summary>
    public ThreadProbe? Probe;

    /// <summary>The scope to which <see cref="Ended"/> holds have to be given back; null if there are none.</summary>
    public TaskScope? EndedIn;

    /// <summary>How many children of <see cref="EndedIn"/> have ended one right after the other on this thread.</summary>
    public int Ended;

    /// <summary>
    /// True while the step that runs was dispatched by a worker; false where it is part of somebody else's stack, who may
    /// go on for long, or even wait for it.
    /// </summary>
    public bool Dispatched;

    /// <summary>The calling thread's; made when first asked for.</summary>
    public static WorkerThread Current => t_current ?? Make();

    /// <summary>
    /// A child of <paramref name="scope"/> has ended here, as the last thing a dispatch does. Its hold is given back
    /// together with those of its siblings that this worker runs next: while one of them runs, the scope waits for that one
    /// anyway. So many children that end on one core take the scope's cache line from another but now and then.
    /// </summary>
    /// <remarks>
    /// <b>Protocol.</b> What is owed is this thread's, and is settled before it runs anything but a child of that scope, looks
    /// for work elsewhere, parks, gives its worker back or loses its seat. So it is never owed while the scope could be over.
    /// </remarks>
    public void EndChild(TaskScope scope)
    {
        if (!Dispatched || !ReferenceEquals(Worker?.Scheduler, scope.ChildExecutor))
        {
            scope.ReleaseChildren(1);
            return;
        }

        if (!ReferenceEquals(EndedIn, scope))
        {
            Settle();
            EndedIn = scope;
        }

        Ended++;
    }

    /// <summary>Gives back the holds of children that have ended, before anything but a sibling of theirs runs.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Settle()
    {
        if (EndedIn is { } scope)
        {
            int ended = Ended;
            EndedIn = null;
            Ended = 0;
            scope.ReleaseChildren(ended);
        }
    }

    /// <summary>
    /// Runs a step of <paramref name="work"/>, and of each fiber that one brings on: one that it awaits, or that awaited it.
    /// Execution context and node are the caller's again when it returns.
    /// </summary>
    /// <param name="work">What to run.</param>
    /// <param name="dispatched">See <see cref="Dispatched"/>.</param>
    public void Run(ChildNode work, bool dispatched = false)
    {
        ExecutionContext? context = ExecutionContext.Capture();
        if (context is null)
        {
            // The flow is suppressed here; a context that says so cannot be put back by hand.
            ExecutionContext.Run(DefaultContext.Value, static work => Current.Run((ChildNode)work!), work);
            return;
        }

        if (dispatched && EndedIn is not null && !(work.IsChild && ReferenceEquals(EndedIn, work.Parent)))
        {
            Settle();
        }

        TreeNode? node = Node;
        bool outer = Dispatched;
        Dispatched = dispatched;
        ChildNode? next = work;
        try
        {
            do
            {
                Next = null;
                next.Step(this);
                next = Next;
            }
            while (next is not null);
        }
        finally
        {
            Node = node;
            Dispatched = outer;
            if (!ReferenceEquals(ExecutionContext.Capture(), context))
            {
                ExecutionContext.Restore(context);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WorkerThread Make() => t_current = new WorkerThread();
}
