using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace Treeline;

/// <summary>
/// The node behind every suspension: who waits, for what, until when, and how it ended. Channels, semaphores, timers and
/// joins are small state machines over it; <see cref="ManualResetSignal"/> is the example. It is itself the work item that
/// resumes an awaiter, and is used again.
/// </summary>
/// <remarks>
/// <b>The life of a node.</b> <c>_state</c> holds the incarnation (upper 28 bits; its low 16 are the token of the awaiter)
/// and the <see cref="WaitOutcome"/> (low bits):
/// <code>
///   None ──Rent──▶ Pending ──TryClaim──▶ Signalled | Cancelled | TimedOut | Lost ──GetResult──▶ None of the next incarnation
/// </code>
/// <b>Who wins.</b> Whoever takes the state out of Pending. The contenders: a signaller, holding the primitive's gate; the
/// token's callback; the timer's callback. With neither token nor deadline nor select the signaller is alone and a plain
/// store will do; otherwise it is one compare-and-swap on the whole word. Callbacks always compare: they may be late. The
/// branches of a select have no race of their own: the word of the one node they share, their cell, decides for all of
/// them. A branch knows the incarnation of its cell, so one that is still in a list after the select is over can claim
/// nothing.
/// <para>
/// <b>Either it happened or it did not.</b> A signaller takes something from its primitive only after it has claimed the
/// waiter who gets it, and both happen inside one holding of the gate. Nobody who gave up gets anything; nobody who was
/// claimed can give up any more. Where a primitive has to know that all in its list can be claimed, or has something to do
/// for a waiter before it goes, giving up goes through its gate first (<see cref="IWaitQueue.MayGiveUp"/>).
/// </para>
/// <para>
/// <b>Who may touch what.</b>
/// <list type="bullet">
/// <item>Before it is in a list: its renter.</item>
/// <item>While Pending: the primitive, under its gate, through its list (<c>Next</c>, <c>Previous</c>, TryClaim); the token's
/// and the timer's callback (TryClaim); the renter, who arms it, and the awaiter, who registers (<c>_resume</c> and what
/// belongs to it). Nobody keeps a reference got from the list past the gate without having claimed the node.</item>
/// <item>Claimed: the claimer alone, apart from the awaiter's registration. One who gives up first takes the node out of the
/// list, under the gate: from then on no signaller can reach it. It stores the result and then <i>publishes</i>.</item>
/// <item>Published: the awaiter alone. Taking the result ends the incarnation.</item>
/// </list>
/// <b>Publishing</b> is a rendezvous of claimer and awaiter on <c>_resume</c>. null: neither came. A work item: the awaiter
/// came first, by compare-and-swap, and touches the node no more until it is resumed. <c>s_done</c>: the claimer has
/// finished with the node; <i>this</i> is what completed means. The claimer that finds null swaps in <c>s_done</c>; the
/// claimer that finds a work item stores <c>s_done</c> (a waiter that resumes itself does so when it runs) and hands the
/// work item on, touching the node no more. The awaiter that finds <c>s_done</c> hands itself on. So exactly one of the two
/// resumes, once, never on the other's stack.
/// </para>
/// <para>
/// <b>Order.</b> The claimer's plain stores (its value, or error) come before its compare-and-swap on, or release store to,
/// <c>_resume</c>; the awaiter reads them after its acquiring load of it, or after the executor's queue, which orders them
/// too. The awaiter's stores (<c>_executor</c>, <c>_continuation</c>, its contexts) come before its compare-and-swap on
/// <c>_resume</c>, the claimer reads them after its own load. The renter's stores come before <c>Pending</c> is stored with
/// release.
/// </para>
/// <para>
/// <b>Late callbacks.</b> A node goes back to its pool only when nobody can touch it any more. A token's callback that could
/// not be unregistered has run, is running or will: unless it was the winner (then it has published, its last touch), or ran
/// to its end inside the registration, the node is left to the collector. A timer's callback cannot be called back, so it
/// is only a hint: it reads the state, then the deadline, and if that has passed, swaps exactly that state, incarnation
/// included, for TimedOut. If the swap succeeds the node was in that incarnation all the while, so the deadline was its own.
/// 2^28 incarnations within one such read and swap are not possible in practice.
/// </para>
/// <para>
/// <b>Timers</b> of the system's clock stand in a <see cref="TimerShard"/>, with the extras as their place. The renter sets
/// it when it arms the wait, after <c>Deadline</c>; the awaiter takes it away when it ends the incarnation, before the node goes to its
/// pool; nobody else does either, a hint least of all. So the deadline of an incarnation is always behind a timer of its
/// own, and a hint that comes too early belonged to another: it need do nothing. Only timers of other clocks are set again by hints.
/// </para>
/// </remarks>
[DebuggerDisplay("{Outcome}: {WaitingFor}")]
internal abstract class WaiterBase : IThreadPoolWorkItem
{
    private const int OutcomeMask = 15;
    private const int IncarnationStep = 16;
    private const int TokenShift = 4;
    private const long NoDeadline = WaiterExtras.NoDeadline;
    private const string Deadline = nameof(WaiterExtras.Deadline);

    // Longer ones are cut short by timers; the hint then sets the timer again.
    private static readonly TimeSpan s_longestTimer = TimeSpan.FromDays(40);

    private static readonly IThreadPoolWorkItem s_done = new Done();
    private static readonly Action<object?> s_cancelled = static waiter => ((WaiterBase)waiter!).OnCancelled();
    private static readonly TimerCallback s_hint = static waiter => ((WaiterBase)waiter!).TryTimeOut();
    private static readonly ContextCallback s_continue = static waiter => ((WaiterBase)waiter!).Continue();
    private static readonly SendOrPostCallback s_post = static waiter => ((WaiterBase)waiter!).Execute();
    private static readonly Action<object?> s_execute = static waiter => ((WaiterBase)waiter!).Execute();

    // How it ends. Contended, as the protocol says.
    private int _state;
    private IThreadPoolWorkItem? _resume;

    // What is waited for, and whether others than the primitive can end the wait. Written by the renter.
    private IWaitQueue? _queue;
    private bool _contested;
    private bool _isBranch;

    // The wait is over, but whoever awaits it is to give way first. Of renter, then awaiter.
    private bool _yields;

    // How to resume. Written by the awaiter before it registers.
    private Executor? _executor;
    private Action<object?>? _continuation;
    private object? _continuationState;

    // The rest: renter, awaiter and claimer each have fields of their own in it. Kept from one incarnation to the next.
    private WaiterExtras? _extras;
    private bool _usesExtras;

    /// <summary>How the wait ended, or that it has not.</summary>
    public WaitOutcome Outcome => (WaitOutcome)(Volatile.Read(ref _state) & OutcomeMask);

    /// <summary>What is waited for, by its <c>ToString</c>; null once the wait is over. For people who look at the tree.</summary>
    public object? WaitingFor => _queue;

    /// <summary>
    /// What goes on when the wait is over, if that is an async method, for people: its name. Asked by anybody; a guess.
    /// </summary>
    public string? Continues => Volatile.Read(ref _continuationState) is { } state
        ? Array.Find(state.GetType().GenericTypeArguments, typeof(IAsyncStateMachine).IsAssignableFrom) is { } machine
            ? $"{machine.DeclaringType?.FullName}.{machine.Name.TrimStart('<').Split('>')[0]}"
            : null
        : null;

    /// <summary>What an awaitable carries to be recognised: the incarnation.</summary>
    public short Token => (short)(_state >> TokenShift);

    /// <summary>Which of its lives the node is in; the whole number of which <see cref="Token"/> is a part.</summary>
    private int Incarnation => _state >>> TokenShift;

    private bool IsFaulted =>
        Used is { } extras && (extras.Error is not null || (Outcome == WaitOutcome.TimedOut && extras.ThrowsOnTimeout));

    private WaiterExtras? Used => _usesExtras ? _extras : null;

    /// <summary>
    /// Bounds the wait. Called by the renter before the waiter is in a list; the time runs from when the awaitable is made.
    /// </summary>
    /// <param name="clock">Measures the time.</param>
    /// <param name="timeout">How long to wait at most; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="throws">Whether a timeout throws <see cref="TimeoutException"/> or gives the default value.</param>
    public void LimitTo(TimeProvider clock, TimeSpan timeout, bool throws = true)
    {
        if (timeout != Timeout.InfiniteTimeSpan)
        {
            WaiterExtras extras = UseExtras();
            extras.Clock = clock;
            extras.Timeout = timeout;
            extras.ThrowsOnTimeout = throws;
            _contested = true;
        }
    }

    /// <summary>
    /// Says where an awaiter that is not a fiber and captured no context resumes, if not on <see cref="Executor.ThreadPool"/>.
    /// Called by the renter before the waiter is in a list.
    /// </summary>
    public void ResumeOn(Executor? executor) => _executor = executor;

    /// <summary>
    /// The primitive, under its gate, makes this waiter its own. On true it must complete or fail it, outside the gate; on
    /// false the waiter gave up, and what it waited for stays with the primitive.
    /// </summary>
    public bool TryClaim()
    {
        if (_isBranch && !_extras!.Cell!.TryMove(_extras.CellPending, WaitOutcome.Signalled))
        {
            return false;
        }

        Interleave.Write(this, nameof(_state));
        int pending = Moved(_state, WaitOutcome.Pending);
        int signalled = Moved(_state, WaitOutcome.Signalled);
        if (_contested)
        {
            return Interlocked.CompareExchange(ref _state, signalled, pending) == pending;
        }

        // Nobody else ends it: there is nobody, or the cell is won.
        Debug.Assert(_state == pending, "A wait that only its primitive can end was ended by another.");
        _state = signalled;
        return true;
    }

    /// <summary>
    /// The primitive, under its gate, ends a pending wait as cancelled and makes the waiter its own: it must complete it, outside
    /// the gate. Only where <see cref="IWaitQueue.MayGiveUp"/> has asked for it.
    /// </summary>
    public void GiveUp()
    {
        Debug.Assert(Outcome == WaitOutcome.Pending && !_isBranch, "Whoever is claimed cannot give up.");
        Interleave.Write(this, nameof(_state));
        Volatile.Write(ref _state, Moved(_state, WaitOutcome.Cancelled));
    }

    /// <summary>Ends a claimed wait with an error. Called with no gate held.</summary>
    public void Fail(Exception error)
    {
        UseExtras().Error = error;
        Publish();
    }

    /// <summary>
    /// A hint that the deadline may have passed, which may be wrong or late. True if it had and this ended the wait.
    /// </summary>
    public bool TryTimeOut()
    {
        while (true)
        {
            Interleave.Late(this, nameof(_state));
            int state = Volatile.Read(ref _state);
            if ((state & OutcomeMask) != (int)WaitOutcome.Pending)
            {
                return false;
            }

            Interleave.Late(this, Deadline);
            if (_extras is not { } extras)
            {
                return false;
            }

            long deadline = Volatile.Read(ref extras.Deadline);
            if (deadline == NoDeadline || extras.Clock is not { } clock)
            {
                return false;
            }

            long now = clock.GetTimestamp();
            if (now >= deadline)
            {
                if (!TryMove(state, WaitOutcome.TimedOut))
                {
                    return false;
                }

                _queue?.Remove(this);
                Publish();
                return true;
            }

            if (TimerShards.Keep(clock))
            {
                // Too early for this deadline, so the hint was for another; this one's timer is set in a shard, by its owner.
                return false;
            }

            // Too early. If the node has gone on to another incarnation meanwhile, this may have set its timer wrong, and
            // looks again. (Its owner stores the state before it sets the timer; a fence stands between on both sides.)
            extras.Timer?.Change(RoundUp(clock.GetElapsedTime(now, deadline)), Timeout.InfiniteTimeSpan);
            Interlocked.MemoryBarrier();
            Interleave.Late(this, nameof(_state));
            if (Volatile.Read(ref _state) == state)
            {
                return false;
            }
        }
    }

    /// <summary>
    /// Takes a branch of a decided select out of its primitive and gives it back. Called by the owner of the cell, which has
    /// been resumed, for each branch that is not the winner.
    /// </summary>
    public void Lose()
    {
        _queue!.Remove(this);
        _state = Moved(_state, WaitOutcome.Lost);
        Recycle();
    }

    /// <summary>
    /// A wait that was over at once costs a unit of <see cref="Budget"/>; when none is left, its awaiter gives way once. Called
    /// by the renter before anybody awaits.
    /// </summary>
    public void TakeBudget()
    {
        if (IsCompleted(Token) && !Budget.TryConsume())
        {
            _yields = true;
        }
    }

    /// <summary>What awaiters ask; throws for an awaitable that was used up.</summary>
    public bool IsCompleted(short token)
    {
        CheckToken(token);
        Interleave.Read(this, nameof(_resume));
        return ReferenceEquals(Volatile.Read(ref _resume), s_done) && !_yields;
    }

    /// <inheritdoc cref="IValueTaskSource.GetStatus"/>
    public ValueTaskSourceStatus GetStatus(short token) =>
        !IsCompleted(token) ? ValueTaskSourceStatus.Pending
        : Outcome == WaitOutcome.Cancelled ? ValueTaskSourceStatus.Canceled
        : IsFaulted ? ValueTaskSourceStatus.Faulted
        : ValueTaskSourceStatus.Succeeded;

    /// <summary>
    /// What is waited for, asked by anybody at any time. False when that wait is over, or its result has come.
    /// </summary>
    /// <param name="incarnation">Which wait is meant.</param>
    /// <param name="queue">What is waited for.</param>
    /// <param name="isLimited">True if the wait ends by itself after a time.</param>
    /// <param name="isDetached">True if a task was made of the wait: then nobody knows who awaits that.</param>
    public bool TryShow(int incarnation, out IWaitQueue? queue, out bool isLimited, out bool isDetached)
    {
        int pending = (incarnation << TokenShift) | (int)WaitOutcome.Pending;
        bool before = Volatile.Read(ref _state) == pending;
        queue = Volatile.Read(ref _queue);
        isLimited = Volatile.Read(ref _usesExtras) && Volatile.Read(ref _extras) is { Clock: not null };
        object? state = Volatile.Read(ref _continuationState);
        isDetached = state is Task && !ResumesAsyncMethod(state);

        // Incarnations only go up: what was read between two looks at the same one belongs to it.
        Interlocked.MemoryBarrier();
        return before && Volatile.Read(ref _state) == pending;
    }

    /// <summary>A fiber's way to register.</summary>
    public void OnCompleted(IThreadPoolWorkItem resume, Executor executor, short token)
    {
        CheckNotAwaited(token);
        _yields = false;
        _executor = executor;
        WorkerThread.Current.Node?.BeginWait(this, Incarnation);
        Interleave.Write(this, nameof(_resume));
        if (Interlocked.CompareExchange(ref _resume, resume, null) is { } other)
        {
            CheckDone(other);

            // It ended between the question and now, or the budget is used up: whoever never suspends gives way.
            executor.ScheduleYielded(resume);
        }
    }

    /// <inheritdoc cref="IValueTaskSource.OnCompleted"/>
    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        if (state is Action { Target: ChildNode fiber } step && fiber.IsStep(step))
        {
            // A fiber that awaits this as a ValueTask hands its step over; it needs no detour by way of that.
            bool staysInContext = (flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0;
            OnCompleted(staysInContext ? fiber.Resumption(WorkerThread.Current) : fiber, fiber.Executor, token);
            return;
        }

        CheckNotAwaited(token);
        _yields = false;
        _continuation = continuation;
        _continuationState = state;
        Ambient.BeginWait(this, Incarnation);
        if ((flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0)
        {
            UseExtras().ExecutionContext = ExecutionContext.Capture();
        }

        if ((flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0 && CurrentContext() is { } context)
        {
            if (context is SchedulerContext { Direct: { } executor })
            {
                _executor = executor;
            }
            else
            {
                UseExtras().SchedulingContext = context;
            }
        }

        Interleave.Write(this, nameof(_resume));
        if (Interlocked.CompareExchange(ref _resume, this, null) is { } other)
        {
            CheckDone(other);
            ResumeSelf(yields: true);
        }
    }

    /// <summary>Runs the continuation of an awaiter that is not a fiber.</summary>
    public void Execute()
    {
        if (_continuation is null)
        {
            throw new InvalidOperationException("The executor ran the same resumption twice. It must run each work item once.");
        }

        try
        {
            if (Used?.ExecutionContext is { } context)
            {
                ExecutionContext.Run(context, s_continue, this);
            }
            else
            {
                Continue();
            }
        }
        catch (Exception e)
        {
            // A continuation given by hand threw. As everywhere in .NET nobody can catch that; not even our worker.
            ThreadPool.QueueUserWorkItem(static error => error.Throw(), ExceptionDispatchInfo.Capture(e), false);
        }
    }

    /// <summary>Called by the renter: the wait is over already, its result stored, but its awaiter is to give way.</summary>
    private protected void BeYield()
    {
        _yields = true;
        _state = Moved(_state, WaitOutcome.Signalled);
        _resume = s_done;
    }

    /// <summary>Back to the pool, if nobody can touch it any more.</summary>
    private protected abstract void Recycle();

    /// <summary>Called by the renter, to whom the node belongs.</summary>
    private protected void Begin(IWaitQueue? queue, Waiter<WaiterBase>? cell, CancellationToken token)
    {
        _queue = queue;
        if (cell is not null)
        {
            WaiterExtras extras = UseExtras();
            extras.Cell = cell;
            extras.CellPending = Moved(cell._state, WaitOutcome.Pending);
            _isBranch = true;
        }
        else if (token.CanBeCanceled)
        {
            UseExtras().Token = token;
            _contested = true;
        }

        Interleave.Write(this, nameof(_state));
        Volatile.Write(ref _state, _state | (int)WaitOutcome.Pending);
    }

    /// <summary>Makes the claim one of several even if the node has neither token nor deadline. Called by the renter.</summary>
    private protected void BeCell() => _contested = true;

    /// <summary>
    /// Starts what can end the wait besides a signal. Called by the renter with no gate held: a token that is cancelled
    /// already ends the wait here and now.
    /// </summary>
    private protected void Arm()
    {
        if (!_contested || !_usesExtras)
        {
            return;
        }

        WaiterExtras extras = _extras!;
        Interleave.Read(this, nameof(_state));
        if (Outcome != WaitOutcome.Pending)
        {
            return;
        }

        try
        {
            if (extras.Token.CanBeCanceled)
            {
                Interleave.Write(typeof(CancellationToken), "callbacks");
                extras.Registration = extras.Token.UnsafeRegister(s_cancelled, this);
            }

            if (extras.Clock is { } clock)
            {
                ArmTimer(extras, clock);
            }
        }
        catch (Exception)
        {
            // Say, a clock of the user's that throws. Nobody is going to await this, so it must not be given anything; if it
            // has been already, the wait happened and needs no clock.
            if (TryCancel())
            {
                throw;
            }
        }
    }

    /// <summary>Passes the claimed node, its result stored, to the awaiter. The last touch.</summary>
    private protected void Publish()
    {
        if (_isBranch)
        {
            _extras!.Cell!.Complete(this);
            return;
        }

        Interleave.Read(this, nameof(_resume));
        IThreadPoolWorkItem? resume = Volatile.Read(ref _resume);
        if (resume is null)
        {
            Interleave.Write(this, nameof(_resume));
            resume = Interlocked.CompareExchange(ref _resume, s_done, null);
            if (resume is null)
            {
                return;
            }
        }

        Debug.Assert(!ReferenceEquals(resume, s_done), "A wait ends once.");
        if (ReferenceEquals(resume, this))
        {
            ResumeSelf();
            return;
        }

        Executor executor = _executor!;
        Interleave.Write(this, nameof(_resume));
        Volatile.Write(ref _resume, s_done);
        Hand(resume, executor);
    }

    /// <summary>What the awaiter asks before it takes the result: that it has ended, and that it is still there.</summary>
    private protected WaitOutcome CheckCompleted(short token)
    {
        if (!IsCompleted(token))
        {
            throw new InvalidOperationException(
                "This wait has not ended. It cannot be blocked on: await it, or call AsTask() once and block on the task.");
        }

        return Outcome;
    }

    /// <summary>What to throw in place of a value, or null.</summary>
    private protected Exception? ErrorOf(WaitOutcome outcome) => outcome switch
    {
        WaitOutcome.Signalled => Used?.Error,
        WaitOutcome.Cancelled => new WaitCanceledException(_queue, _extras!.Token),
        WaitOutcome.TimedOut when _extras!.ThrowsOnTimeout => new TimeoutException(
            $"The wait for {_queue?.ToString() ?? "a signal"} took longer than {_extras.Timeout}; it took nothing."),
        _ => null,
    };

    /// <summary>Ends the incarnation. True if nobody else can touch the node any more.</summary>
    private protected bool End()
    {
        bool free = !_usesExtras || EndExtras(_extras!);
        _queue = null;
        _contested = false;
        _isBranch = false;
        _executor = null;
        _continuationState = null;
        Interleave.Write(this, nameof(_resume));
        _resume = null;
        Interleave.Write(this, nameof(_state));
        Volatile.Write(ref _state, (_state & ~OutcomeMask) + IncarnationStep);
        return free;
    }

    /// <summary>True for the task that is an async method; false for the one that <c>AsTask</c> makes of a wait.</summary>
    private static bool ResumesAsyncMethod(object state) =>
        Array.Exists(state.GetType().GenericTypeArguments, typeof(IAsyncStateMachine).IsAssignableFrom);

    private static object? CurrentContext()
    {
        if (SynchronizationContext.Current is { } context && context.GetType() != typeof(SynchronizationContext))
        {
            return context;
        }

        return TaskScheduler.Current != TaskScheduler.Default ? TaskScheduler.Current : null;
    }

    private static TimeSpan RoundUp(TimeSpan due)
    {
        // Timers count whole milliseconds and drop the rest, so one set for less would come early again.
        long milliseconds = (due.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;
        return Shorten(TimeSpan.FromMilliseconds(milliseconds));
    }

    private static TimeSpan Shorten(TimeSpan due) => due < s_longestTimer ? due : s_longestTimer;

    /// <summary>
    /// Hands a resumption on. It must not be lost, nor the signaller made to pay, because an executor refuses it: then the
    /// .NET thread pool resumes it.
    /// </summary>
    private static void Hand(IThreadPoolWorkItem resume, Executor executor, bool yields = false)
    {
        try
        {
            if (yields)
            {
                executor.ScheduleYielded(resume);
            }
            else
            {
                executor.ScheduleWoken(resume);
            }
        }
        catch (Exception)
        {
            RunOnPool(resume);
        }
    }

    private static void RunOnPool(IThreadPoolWorkItem resume) => ThreadPool.UnsafeQueueUserWorkItem(resume, preferLocal: false);

    private static int Moved(int state, WaitOutcome outcome) => (state & ~OutcomeMask) | (int)outcome;

    private static void CheckDone(IThreadPoolWorkItem other)
    {
        if (!ReferenceEquals(other, s_done))
        {
            ThrowAwaited();
        }
    }

    private static void ThrowAwaited() => throw new InvalidOperationException(
        "This wait is being awaited already. It can be awaited once: to await it several times, call AsTask() once and await "
        + "the task.");

    private static void ThrowUsedUp() => throw new InvalidOperationException(
        "This wait has been awaited already, and its node may be in use for another. It can be awaited once: to await it "
        + "several times, call AsTask() once and await the task.");

    private WaiterExtras UseExtras()
    {
        if (_extras is null)
        {
            // Awaiter and claimer may come here at once.
            Interleave.Write(this, nameof(_extras));
            Interlocked.CompareExchange(ref _extras, new WaiterExtras(this), null);
        }

        _usesExtras = true;
        return _extras;
    }

    /// <summary>
    /// Gives up, unless the wait has ended. The incarnation cannot change meanwhile: who comes here keeps the node from its
    /// pool.
    /// </summary>
    private bool TryCancel()
    {
        if (_queue is { } queue && !queue.MayGiveUp(this))
        {
            return false;
        }

        Interleave.Write(this, nameof(_state));
        int pending = Moved(_state, WaitOutcome.Pending);
        if (Interlocked.CompareExchange(ref _state, Moved(pending, WaitOutcome.Cancelled), pending) != pending)
        {
            return false;
        }

        _queue?.Remove(this);
        return true;
    }

    /// <summary>Ends exactly the wait that <paramref name="pending"/> was read in, for those who may come late.</summary>
    private bool TryMove(int pending, WaitOutcome outcome)
    {
        Interleave.Late(this, nameof(_state));
        return Interlocked.CompareExchange(ref _state, Moved(pending, outcome), pending) == pending;
    }

    private void OnCancelled()
    {
        if (TryCancel())
        {
            Publish();
        }
    }

    private void ArmTimer(WaiterExtras extras, TimeProvider clock)
    {
        TimerShard? shard = TimerShards.Of(clock);
        if (shard is null && (extras.Timer is null || !ReferenceEquals(extras.TimerClock, clock)))
        {
            // The node outlives this wait: its timer must not hold on to the context of whoever waited first.
            extras.Timer?.Dispose();
            extras.TimerClock = clock;
            extras.Timer = clock.CreateUnflowedTimer(s_hint, this);
        }

        long now = clock.GetTimestamp();
        long deadline = clock.After(now, extras.Timeout);
        Interleave.Write(this, Deadline);
        Volatile.Write(ref extras.Deadline, deadline);
        if (shard is not null)
        {
            extras.Shard = shard;
            shard.Set(extras, now, deadline);
            return;
        }

        Interlocked.MemoryBarrier();
        extras.Timer!.Change(Shorten(extras.Timeout), Timeout.InfiniteTimeSpan);
    }

    /// <summary>Stops what could have ended the wait. True if none of it can touch the node any more.</summary>
    private bool EndExtras(WaiterExtras extras)
    {
        bool free = true;
        if (extras.Token.CanBeCanceled)
        {
            Interleave.Write(typeof(CancellationToken), "callbacks");
            free = extras.Registration.Equals(default) || Outcome == WaitOutcome.Cancelled || extras.Registration.Unregister();
            extras.Registration = default;
            extras.Token = default;
        }

        if (extras.Clock is not null)
        {
            Interleave.Write(this, Deadline);
            extras.Clock = null;
            Volatile.Write(ref extras.Deadline, NoDeadline);
            if (extras.Shard is not { } shard)
            {
                extras.Timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
            else
            {
                // Nobody else sets it: if it is out, it stays out.
                extras.Shard = null;
                if (extras.IsSet)
                {
                    shard.Remove(extras);
                }
            }
        }

        extras.Cell = null;
        extras.SchedulingContext = null;
        extras.ExecutionContext = null;
        extras.Error = null;
        _usesExtras = false;
        return free;
    }

    private void ResumeSelf(bool yields = false)
    {
        if (Used?.SchedulingContext is not { } context)
        {
            Hand(this, _executor ?? Executor.ThreadPool, yields);
            return;
        }

        try
        {
            if (context is SynchronizationContext synchronization)
            {
                synchronization.Post(s_post, this);
            }
            else
            {
                _ = Task.Factory.StartNew(
                    s_execute, this, CancellationToken.None, TaskCreationOptions.DenyChildAttach, (TaskScheduler)context);
            }
        }
        catch (Exception)
        {
            RunOnPool(this);
        }
    }

    /// <summary>The claimer is done with the node: it belongs to the awaiter now.</summary>
    private void Continue()
    {
        Action<object?> continuation = _continuation!;
        object? state = _continuationState;
        _continuation = null;
        Interleave.Write(this, nameof(_resume));
        Volatile.Write(ref _resume, s_done);
        continuation(state);
    }

    private void CheckNotAwaited(short token)
    {
        CheckToken(token);
        if (_resume is { } other)
        {
            CheckDone(other);
        }
    }

    private void CheckToken(short token)
    {
        if (token != Token)
        {
            ThrowUsedUp();
        }
    }

    private sealed class Done : IThreadPoolWorkItem
    {
        public void Execute() => throw new UnreachableException();
    }
}
