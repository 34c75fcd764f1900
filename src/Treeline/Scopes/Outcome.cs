using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace Treeline;

/// <summary>How a child ended: with a value, with an error, or cancelled. Getting one never throws.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
public readonly struct Outcome<T>
{
    private readonly T? _value;

    private Outcome(NodeState state, T? value, Exception? error)
    {
        State = state;
        _value = value;
        Error = error;
    }

    /// <summary><see cref="NodeState.Succeeded"/>, <see cref="NodeState.Failed"/> or <see cref="NodeState.Cancelled"/>.</summary>
    public NodeState State { get; }

    /// <summary>What it failed with, or the cancellation; null when it succeeded.</summary>
    public Exception? Error { get; }

    /// <summary>True when there is a value and no error.</summary>
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsSuccess => Error is null;

    /// <summary>The value. When there is none, throws what the child ended with, with its stack.</summary>
    /// <exception cref="OperationCanceledException">The child was cancelled.</exception>
    public T Value
    {
        get
        {
            if (Error is { } error)
            {
                ExceptionDispatchInfo.Throw(error);
            }

            return _value!;
        }
    }

    /// <summary>The state, with the value or the error's message.</summary>
    public override string ToString() => IsSuccess ? $"Succeeded: {_value}" : $"{State}: {Error.Message}";

    internal static Outcome<T> Succeeded(T value) => new(NodeState.Succeeded, value, null);

    internal static Outcome<T> Failed(Exception error) => new(NodeState.Failed, default, error);

    internal static Outcome<T> Cancelled(OperationCanceledException error) => new(NodeState.Cancelled, default, error);
}
