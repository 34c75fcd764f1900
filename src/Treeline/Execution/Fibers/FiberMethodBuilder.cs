using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>What the compiler uses to build an async method that returns <see cref="Fiber"/>.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public struct FiberMethodBuilder
{
    private FiberMethodBuilder<Nothing> _builder;

    /// <inheritdoc cref="FiberMethodBuilder{T}.Task"/>
    public readonly Fiber Task => new(_builder.Task);

    /// <inheritdoc cref="FiberMethodBuilder{T}.Create"/>
    public static FiberMethodBuilder Create() => default;

    /// <inheritdoc cref="FiberMethodBuilder{T}.Start"/>
    public void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => _builder.Start(ref stateMachine);

    /// <inheritdoc cref="FiberMethodBuilder{T}.SetStateMachine"/>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine) => _builder.SetStateMachine(stateMachine);

    /// <summary>The method has returned.</summary>
    public readonly void SetResult() => _builder.SetResult(default);

    /// <inheritdoc cref="FiberMethodBuilder{T}.SetException"/>
    public readonly void SetException(Exception exception) => _builder.SetException(exception);

    /// <inheritdoc cref="FiberMethodBuilder{T}.AwaitOnCompleted"/>
    public readonly void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => _builder.AwaitOnCompleted(ref awaiter, ref stateMachine);

    /// <inheritdoc cref="FiberMethodBuilder{T}.AwaitOnCompleted"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => _builder.AwaitUnsafeOnCompleted(ref awaiter, ref stateMachine);
}
