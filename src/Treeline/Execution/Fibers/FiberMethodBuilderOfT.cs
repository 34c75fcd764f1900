using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>What the compiler uses to build an async method that returns <see cref="Fiber{T}"/>.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
[EditorBrowsable(EditorBrowsableState.Never)]
[SuppressMessage("Design", "CA1000", Justification = "The compiler asks for this shape.")]
[SuppressMessage("Performance", "CA1822", Justification = "The compiler asks for this shape.")]
public struct FiberMethodBuilder<T>
{
    private FiberBox<T> _box;

    /// <summary>The fiber, which has not begun to run.</summary>
    public readonly Fiber<T> Task => new(_box);

    /// <summary>Makes a builder.</summary>
    /// <returns>The builder.</returns>
    public static FiberMethodBuilder<T> Create() => default;

    /// <summary>Keeps the method's state; none of it runs before somebody awaits or spawns the fiber.</summary>
    /// <typeparam name="TStateMachine">Made by the compiler.</typeparam>
    /// <param name="stateMachine">The state.</param>
    public void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        FiberBox<T, TStateMachine> box = FiberBox<T, TStateMachine>.Rent();
        _box = box; // this builder is part of the state: set before that is copied
        box.Set(in stateMachine);
    }

    /// <summary>Not used: the state lives in its box from the start.</summary>
    /// <param name="stateMachine">The state.</param>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>The method has returned.</summary>
    /// <param name="result">What it returned.</param>
    public readonly void SetResult(T result) => _box.Return(result);

    /// <summary>The method has thrown.</summary>
    /// <param name="exception">What it threw.</param>
    public readonly void SetException(Exception exception) => _box.Throw(exception);

    /// <summary>The method awaits.</summary>
    /// <typeparam name="TAwaiter">Of what it awaits.</typeparam>
    /// <typeparam name="TStateMachine">Made by the compiler.</typeparam>
    /// <param name="awaiter">Of what it awaits.</param>
    /// <param name="stateMachine">The state.</param>
    public readonly void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine
    {
        FiberBox<T> box = _box;
        box.GiveWay(ExecutionContext.Capture());
        awaiter.OnCompleted(box.StepAction);
    }

    /// <inheritdoc cref="AwaitOnCompleted"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine
    {
        FiberBox<T> box = _box;

        // The form in which the JIT settles the tests for a struct, and calls without boxing it.
        if (default(TAwaiter) is not null && awaiter is IFiberAwaiter)
        {
            ((IFiberAwaiter)awaiter).Start(box);
        }
        else if (default(TAwaiter) is not null && awaiter is IWorkItemAwaiter)
        {
            box.GiveWay(ExecutionContext.Capture());
            ((IWorkItemAwaiter)awaiter).OnCompleted(box.Resumption(WorkerThread.Current), box.Executor);
        }
        else
        {
            box.GiveWay(ExecutionContext.Capture());
            awaiter.UnsafeOnCompleted(box.StepAction);
        }
    }
}
