using System.Collections.Concurrent;

namespace Treeline;

/// <summary>
/// Which scopes are registered on a token from outside the tree, for leak checks. Kept only while somebody looks: otherwise
/// it costs a load.
/// </summary>
internal static class OuterRegistrations
{
    private static readonly ConcurrentDictionary<CancelScope, byte> s_open = new();
    private static int s_watchers;

    /// <summary>The scopes that have been registered since somebody began to watch, and still are.</summary>
    public static ICollection<CancelScope> Open => s_open.Keys;

    /// <summary>From now on they are kept.</summary>
    public static void Watch() => Interlocked.Increment(ref s_watchers);

    /// <summary>Ends what <see cref="Watch"/> began.</summary>
    public static void Unwatch()
    {
        if (Interlocked.Decrement(ref s_watchers) == 0)
        {
            s_open.Clear();
        }
    }

    /// <summary>The scope is about to register.</summary>
    public static void Add(CancelScope scope)
    {
        if (Volatile.Read(ref s_watchers) != 0)
        {
            s_open.TryAdd(scope, 0);
        }
    }

    /// <summary>Its callback has been called, or (<paramref name="removed"/>) never will be.</summary>
    public static void Remove(CancelScope scope, bool removed = true)
    {
        if (removed && Volatile.Read(ref s_watchers) != 0)
        {
            s_open.TryRemove(scope, out _);
        }
    }
}
