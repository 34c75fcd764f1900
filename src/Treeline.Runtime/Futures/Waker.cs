using System.Diagnostics;

namespace Treeline.Futures;

/// <summary>
/// Tells whoever drives a future that polling it may help now. Two words; copied freely, kept by what a future waits for, needs
/// no disposal.
/// </summary>
/// <remarks>
/// Waking is never wrong: whoever is woken too often or too late polls once in vain, or does nothing. The default wakes nobody.
/// </remarks>
/// <param name="target">Who is woken.</param>
/// <param name="token">Given to it.</param>
[DebuggerDisplay("{ToString(),nq}")]
public readonly struct Waker(IWakeable target, long token = 0)
{
    private readonly IWakeable? _target = target ?? throw new ArgumentNullException(nameof(target));

    /// <summary>Wakes nobody: for who polls without waiting.</summary>
    public static Waker Noop => default;

    private long Token => token;

    /// <summary>Makes whoever drives the future poll it soon, not on this stack. Any thread; as often as one likes.</summary>
    public void Wake() => _target?.Wake(token);

    /// <summary>True if both wake the same: a future that keeps this one need not replace it by the other.</summary>
    /// <param name="other">Another, say that of the poll that runs.</param>
    /// <returns>Whether they do.</returns>
    public bool WillWake(Waker other) => ReferenceEquals(_target, other._target) && Token == other.Token;

    /// <summary>For people.</summary>
    /// <returns>Who is woken.</returns>
    public override string ToString() => _target is null ? "wakes nobody" : $"wakes {_target}";
}
