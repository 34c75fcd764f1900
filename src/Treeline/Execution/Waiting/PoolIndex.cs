namespace Treeline;

/// <summary>Gives each type of pool its place in <see cref="Worker.Pools"/>.</summary>
internal static class PoolIndex
{
    private static int s_next = -1;

    public static int Next() => Interlocked.Increment(ref s_next);
}
