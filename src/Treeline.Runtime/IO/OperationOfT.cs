using System.Threading.Tasks.Sources;

namespace Treeline.IO;

/// <summary>An async method of <see cref="OperationBuilder{T}"/> that waits: its state, and what is awaited. Used again.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
/// <remarks>
/// <para><b>Protocol.</b> The state belongs to whoever runs a step: the caller until it first waits; then the one thread that is told
/// that the wait is over, which what was waited for orders. A step touches nothing here after it has registered with what it waits
/// for, or has completed. <c>_source</c> is the rendezvous of the last step and the awaiter. Taking the result ends the incarnation, and the
/// object goes back to its pool; its version tells one that was used up.</para>
/// <para><b>Where its awaiter goes on.</b> As after a wait of the kernel: a fiber on its executor, queued, not on this stack. Plain
/// code in its synchronization context, if it has one; in that of a scheduler at once, if this step runs there. Plain code without
/// one at once, on this stack, where what was waited for has resumed this: on the executor of the socket.</para>
/// </remarks>
internal abstract class Operation<T> : IValueTaskSource<T>, IValueTaskSource
{
    private static readonly Action<object?> s_resumeFiber = static operation => ((Operation<T>)operation!).ResumeFiber();
    private static readonly Action<object?> s_resumePlain = static operation => ((Operation<T>)operation!).ResumePlain();
    private static readonly ContextCallback s_moveNext = static operation => ((Operation<T>)operation!).MoveNext();

    private readonly Action _step;
    private ManualResetValueTaskSourceCore<T> _source;
    private ExecutionContext? _context;

    // Who awaits it, if that is a fiber, or code that belongs to a scheduler. Written by the awaiter before it registers.
    private IThreadPoolWorkItem? _fiber;
    private Executor? _executor;
    private Action<object?>? _continuation;
    private object? _continuationState;
    private SchedulerContext? _schedulerContext;

    private protected Operation() => _step = Step;

    /// <summary>Tells this incarnation from others.</summary>
    public short Token => _source.Version;

    /// <summary>The method waits: what to call when it can go on.</summary>
    public Action GiveWay()
    {
        _context = ExecutionContext.Capture();
        return _step;
    }

    /// <summary>The method has returned. The last touch.</summary>
    public void Complete(T result) => _source.SetResult(result);

    /// <summary>The method has thrown. The last touch.</summary>
    public void Fail(Exception error) => _source.SetException(error);

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        bool staysInContext = (flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0;
        _source.GetStatus(token); // throws, before anything is written, for an awaitable that was used up
        if (state is Action { Target: ChildNode fiber } step && fiber.IsStep(step))
        {
            _executor = fiber.Executor;
            _fiber = staysInContext ? fiber.Resumption(WorkerThread.Current) : fiber;
            _source.OnCompleted(s_resumeFiber, this, token, ValueTaskSourceOnCompletedFlags.None);
        }
        else if (staysInContext && SynchronizationContext.Current is SchedulerContext context)
        {
            _continuation = continuation;
            _continuationState = state;
            _schedulerContext = context;
            _source.OnCompleted(
                s_resumePlain, this, token, flags & ~ValueTaskSourceOnCompletedFlags.UseSchedulingContext);
        }
        else
        {
            _source.OnCompleted(continuation, state, token, flags);
        }
    }

    /// <inheritdoc/>
    public T GetResult(short token)
    {
        if (_source.GetStatus(token) == ValueTaskSourceStatus.Pending)
        {
            throw new InvalidOperationException(
                "This operation has not ended. It cannot be blocked on: await it, or call AsTask() once and block on the task.");
        }

        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            _context = null;
            _fiber = null;
            _executor = null;
            _continuation = null;
            _continuationState = null;
            _schedulerContext = null;
            _source.Reset();
            Recycle();
        }
    }

    /// <inheritdoc/>
    void IValueTaskSource.GetResult(short token) => GetResult(token);

    private protected abstract void MoveNext();

    /// <summary>Clears the state, and gives the object back.</summary>
    private protected abstract void Recycle();

    private void Step()
    {
        ExecutionContext? context = _context;
        if (context is null || ReferenceEquals(context, ExecutionContext.Capture()))
        {
            MoveNext();
        }
        else
        {
            ExecutionContext.Run(context, s_moveNext, this);
        }
    }

    private void ResumeFiber()
    {
        IThreadPoolWorkItem fiber = _fiber!;
        try
        {
            _executor!.ScheduleWoken(fiber);
        }
        catch (Exception)
        {
            // The fiber must not be lost because an executor refuses it.
            ThreadPool.UnsafeQueueUserWorkItem(fiber, preferLocal: false);
        }
    }

    private void ResumePlain()
    {
        Action<object?> continuation = _continuation!;
        object? state = _continuationState;
        SchedulerContext context = _schedulerContext!;
        if (ReferenceEquals(SynchronizationContext.Current, context))
        {
            continuation(state);
        }
        else
        {
            // Completed by somebody else: say, the stream was disposed from outside.
            context.Post(continuation.Invoke, state);
        }
    }
}
