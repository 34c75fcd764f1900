using System.Runtime.CompilerServices;

namespace Treeline.Futures;

/// <summary>What the owner of a future does when done with it.</summary>
internal static class Dropping
{
    /// <summary>Disposes it, if it can be. Once, after its last poll.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Drop<TFuture>(ref TFuture future)
    {
        // The form in which the JIT settles the test for a struct, and calls without boxing it.
        if (default(TFuture) is not null)
        {
            if (future is IDisposable)
            {
                ((IDisposable)future).Dispose();
            }
        }
        else
        {
            (future as IDisposable)?.Dispose();
        }

        future = default!; // what it holds is not held any longer
    }
}
