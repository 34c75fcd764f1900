using System.Collections.Concurrent;

namespace Treeline;

/// <summary>
/// The threads that turn schedulers of their own, for leak checks: who makes such a scheduler has to dispose of it. Those of
/// the default executor, which come and go as it sees fit, are not in it.
/// </summary>
internal static class ThreadCensus
{
    private static readonly ConcurrentDictionary<Thread, byte> s_alive = new();

    /// <summary>The threads there are.</summary>
    public static ICollection<Thread> Alive => s_alive.Keys;

    /// <summary>The calling thread begins.</summary>
    public static void Enter() => s_alive.TryAdd(Thread.CurrentThread, 0);

    /// <summary>The calling thread is about to end.</summary>
    public static void Leave() => s_alive.TryRemove(Thread.CurrentThread, out _);
}
