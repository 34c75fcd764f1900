namespace Treeline.Futures;

/// <summary>Somebody that a <see cref="Waker"/> wakes: whoever drives a future. For those who drive futures in a way of their own.</summary>
public interface IWakeable
{
    /// <summary>
    /// Polling may help now. Called by any thread, at any time, any number of times, perhaps under locks of the caller's: returns soon,
    /// polls nothing on this stack, does not throw.
    /// </summary>
    /// <param name="token">That of the waker. For who uses an object again: tells a waker of its earlier life, which may come late.</param>
    public void Wake(long token);
}
