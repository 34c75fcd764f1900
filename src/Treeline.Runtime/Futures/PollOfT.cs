// A poll is named where it is returned, with its type: Poll<int>.Pending.
#pragma warning disable CA1000

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Treeline.Futures;

/// <summary>What a poll gives: the result, or that it is pending (the default).</summary>
/// <typeparam name="T">The type of the result.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public readonly struct Poll<T>
{
    private readonly T _value;

    private Poll(T value)
    {
        _value = value;
        IsReady = true;
    }

    /// <summary>There is nothing yet; the waker has been kept.</summary>
    public static Poll<T> Pending => default;

    /// <summary>Whether there is a result.</summary>
    public bool IsReady { get; }

    /// <summary>Whether there is none yet.</summary>
    public bool IsPending => !IsReady;

    /// <summary>The result.</summary>
    /// <exception cref="InvalidOperationException">There is none yet.</exception>
    public T Value => IsReady ? _value : throw new InvalidOperationException(
        "This poll is pending and has no value. Look at IsReady first, and poll again when the waker has been woken.");

    /// <summary>A result.</summary>
    /// <param name="value">The result.</param>
    public static implicit operator Poll<T>(T value) => new(value);

    /// <summary>A result; for types that do not convert by themselves, such as interfaces.</summary>
    /// <param name="value">The result.</param>
    /// <returns>It.</returns>
    public static Poll<T> Ready(T value) => new(value);

    /// <summary>The result, if there is one.</summary>
    /// <param name="value">The result.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGetValue([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return IsReady;
    }

    /// <summary>For people.</summary>
    /// <returns>The result, or that there is none.</returns>
    public override string ToString() => IsReady ? $"ready: {_value}" : "pending";
}
