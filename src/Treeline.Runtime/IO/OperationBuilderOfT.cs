using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Treeline.IO;

/// <summary>
/// Builds an async method that returns a <see cref="ValueTask{T}"/> and is itself awaited like a wait of the kernel: it allocates
/// nothing when warm, and whoever awaits it goes on where a wait would let them. What it waits for shows in the tree.
/// </summary>
/// <typeparam name="T">The type of the result.</typeparam>
[EditorBrowsable(EditorBrowsableState.Never)]
[SuppressMessage("Performance", "CA1822", Justification = "The compiler asks for this shape.")]
internal struct OperationBuilder<T>
{
    private Operation<T>? _operation;
    private short _token;
    private T _result;
    private Exception? _error;

    /// <summary>What the method returns: its result, if it never waited.</summary>
    public readonly ValueTask<T> Task =>
        _operation is { } operation ? new ValueTask<T>(operation, _token)
        : _error is null ? new ValueTask<T>(_result)
        : new ValueTask<T>(Failed(_error));

    /// <summary>The same without the result.</summary>
    public readonly ValueTask VoidTask =>
        _operation is { } operation ? new ValueTask(operation, _token)
        : _error is null ? default
        : new ValueTask(Failed(_error));

    /// <summary>Makes a builder.</summary>
    public static OperationBuilder<T> Create() => default;

    /// <summary>Runs the method until it first waits.</summary>
    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => default(AsyncTaskMethodBuilder).Start(ref stateMachine); // keeps the caller's context

    /// <summary>Not used: the state moves into its operation when the method first waits.</summary>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>The method has returned.</summary>
    public void SetResult(T result)
    {
        if (_operation is { } operation)
        {
            operation.Complete(result);
        }
        else
        {
            _result = result;
        }
    }

    /// <summary>The method has thrown.</summary>
    public void SetException(Exception exception)
    {
        if (_operation is { } operation)
        {
            operation.Fail(exception);
        }
        else
        {
            _error = exception;
        }
    }

    /// <summary>The method waits.</summary>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.OnCompleted(GiveWay(ref stateMachine));

    /// <inheritdoc cref="AwaitOnCompleted"/>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine => awaiter.UnsafeOnCompleted(GiveWay(ref stateMachine));

    // As an async method of .NET would end: cancelled, if that is what it threw.
    private static Task<T> Failed(Exception error)
    {
        var builder = AsyncTaskMethodBuilder<T>.Create();
        builder.SetException(error);
        return builder.Task;
    }

    private Action GiveWay<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        if (_operation is null)
        {
            Operation<T, TStateMachine> operation = Operation<T, TStateMachine>.Rent();
            _token = operation.Token;
            _operation = operation; // this builder is part of the state: set before that is copied
            operation.Set(in stateMachine);
        }

        return _operation.GiveWay();
    }
}
