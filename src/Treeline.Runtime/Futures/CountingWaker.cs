namespace Treeline.Futures;

/// <summary>Counts how often it is woken: for tests of futures that one polls by hand.</summary>
/// <example><code>
/// var woken = new CountingWaker();
/// var context = new Context(woken.Waker);
/// bool ready = future.Poll(ref context).IsReady;
/// </code></example>
public sealed class CountingWaker : IWakeable
{
    private int _count;

    /// <summary>How often it has been woken.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>What a context is made of.</summary>
    public Waker Waker => new(this);

    /// <inheritdoc/>
    void IWakeable.Wake(long token) => Interlocked.Increment(ref _count);
}
