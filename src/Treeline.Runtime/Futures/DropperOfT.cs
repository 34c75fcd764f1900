namespace Treeline.Futures;

/// <summary>What the owner of a future does when done with it.</summary>
/// <remarks>
/// To call an interface of a struct whose type is not known to have it boxes the struct: for what consists of futures by value, a copy of
/// the whole on the heap. So those bring, once for each type, an object that does know (<see cref="IComposite"/>).
/// </remarks>
internal abstract class Dropper<TFuture>
{
    private static readonly Dropper<TFuture>? s_own = (default(TFuture) as IComposite)?.MakeDropper() as Dropper<TFuture>;

    /// <summary>Disposes it, if it can be. Once, after its last poll.</summary>
    public static void Drop(ref TFuture future)
    {
        if (s_own is { } own)
        {
            own.Dispose(ref future);
        }
        else if (future is IDisposable)
        {
            ((IDisposable)future).Dispose();
        }

        future = default!; // what it holds is not held any longer
    }

    private protected abstract void Dispose(ref TFuture future);
}
