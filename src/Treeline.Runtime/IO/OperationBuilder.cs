using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace Treeline.IO;

/// <summary>As <see cref="OperationBuilder{T}"/>, for a method without a result.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
internal struct OperationBuilder
{
    private OperationBuilder<Nothing> _builder;

    /// <inheritdoc cref="OperationBuilder{T}.Task"/>
    public readonly ValueTask Task => _builder.VoidTask;

    /// <inheritdoc cref="OperationBuilder{T}.Create"/>
    public static OperationBuilder Create() => default;

    /// <inheritdoc cref="OperationBuilder{T}.Start"/>
    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => _builder.Start(ref stateMachine);

    /// <inheritdoc cref="OperationBuilder{T}.SetStateMachine"/>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine) => _builder.SetStateMachine(stateMachine);

    /// <inheritdoc cref="OperationBuilder{T}.SetResult"/>
    public void SetResult() => _builder.SetResult(default);

    /// <inheritdoc cref="OperationBuilder{T}.SetException"/>
    public void SetException(Exception exception) => _builder.SetException(exception);

    /// <inheritdoc cref="OperationBuilder{T}.AwaitOnCompleted"/>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => _builder.AwaitOnCompleted(ref awaiter, ref stateMachine);

    /// <inheritdoc cref="OperationBuilder{T}.AwaitUnsafeOnCompleted"/>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => _builder.AwaitUnsafeOnCompleted(ref awaiter, ref stateMachine);
}
