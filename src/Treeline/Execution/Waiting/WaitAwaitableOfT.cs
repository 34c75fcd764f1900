using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Treeline;

/// <summary>A wait that a fiber awaits with no allocation and no delegate; others can await it too. Once.</summary>
/// <typeparam name="T">What the wait gives.</typeparam>
internal readonly struct WaitAwaitable<T> : ICriticalNotifyCompletion, IWorkItemAwaiter
{
    private static readonly Action<object?> s_invoke = static continuation => ((Action)continuation!)();

    private readonly Waiter<T>? _waiter;
    private readonly short _token;
    private readonly T _value;

    /// <summary>A wait that was over at once.</summary>
    public WaitAwaitable(T value) => _value = value;

    /// <summary>A wait that may last.</summary>
    public WaitAwaitable(Waiter<T> waiter, short token)
    {
        _waiter = waiter;
        _token = token;
        _value = default!;
    }

    /// <summary>True if the awaiter need not suspend, and may: a wait that is over costs a unit of <see cref="Budget"/>.</summary>
    public bool IsCompleted => (_waiter is null || _waiter.IsCompleted(_token)) && Budget.TryConsume();

    public WaitAwaitable<T> GetAwaiter() => this;

    public T GetResult() => _waiter is null ? _value : _waiter.GetResult(_token);

    /// <inheritdoc/>
    void IWorkItemAwaiter.OnCompleted(IThreadPoolWorkItem resume, Executor executor)
    {
        if (_waiter is null)
        {
            executor.ScheduleYielded(resume);
        }
        else
        {
            _waiter.OnCompleted(resume, executor, _token);
        }
    }

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => Register(
        continuation,
        ValueTaskSourceOnCompletedFlags.UseSchedulingContext | ValueTaskSourceOnCompletedFlags.FlowExecutionContext);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) =>
        Register(continuation, ValueTaskSourceOnCompletedFlags.UseSchedulingContext);

    private void Register(Action continuation, ValueTaskSourceOnCompletedFlags flags)
    {
        if (_waiter is not null)
        {
            _waiter.OnCompleted(s_invoke, continuation, _token, flags);
        }
        else if ((flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0)
        {
            Task.Yield().GetAwaiter().OnCompleted(continuation);
        }
        else
        {
            Task.Yield().GetAwaiter().UnsafeOnCompleted(continuation);
        }
    }
}
