namespace Treeline.IO;

/// <summary>Lets one operation at a time use an object that has a buffer, and tells who gives the buffer back when it is disposed.</summary>
/// <remarks>
/// <b>Protocol.</b> <c>_state</c>: free → busy (<see cref="Enter"/>) → free (<see cref="Leave"/>); <see cref="End"/> adds the
/// disposed bit. The buffer belongs to who is busy. When disposed it goes back to the pool by whoever sees the state become
/// disposed and not busy: the disposer, or else the operation that leaves. The atomics order what they do with the buffer.
/// </remarks>
internal struct InUse
{
    private const int Free = 0;
    private const int Busy = 1;
    private const int Disposed = 2;

    private int _state;

    /// <summary>Begins an operation of <typeparamref name="T"/>.</summary>
    /// <exception cref="InvalidOperationException">Another is in flight.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public void Enter<T>()
    {
        int before = Interlocked.CompareExchange(ref _state, Busy, Free);
        ObjectDisposedException.ThrowIf((before & Disposed) != 0, typeof(T));
        if (before != Free)
        {
            throw new InvalidOperationException(
                $"An operation of this {typeof(T).Name} is in flight already. Await it first: one at a time keeps the bytes in order.");
        }
    }

    /// <summary>Ends an operation. False: it was disposed meanwhile, and the caller gives the buffer back.</summary>
    public bool Leave() => Interlocked.And(ref _state, ~Busy) == Busy;

    /// <summary>Nothing may begin any more. True: the caller gives the buffer back.</summary>
    public bool End() => Interlocked.Or(ref _state, Disposed) == Free;
}
