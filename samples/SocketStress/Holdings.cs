using System.Diagnostics;
using Treeline;

namespace SocketStress;

/// <summary>What the process holds that a socket server could leak.</summary>
/// <param name="Descriptors">Open sockets, and what drivers wait with.</param>
/// <param name="Workers">Threads of runtimes.</param>
/// <param name="Roots">Trees of tasks.</param>
/// <param name="HeapBytes">Memory in use.</param>
internal sealed record Holdings(int Descriptors, int Workers, int Roots, long HeapBytes)
{
    // Pools that fill, tables that grow once.
    private const long HeapAllowance = 16 << 20;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    public static Holdings Now()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return new Holdings(
            Directory.GetFiles("/proc/self/fd").Count(IsSocketOrDriver),
            Directory.GetDirectories("/proc/self/task").Count(IsWorker),
            TaskTree.Snapshot().Roots.Count,
            GC.GetTotalMemory(forceFullCollection: false));
    }

    /// <summary>Throws if there is more now than there was. What threads of the system's have still to give back, it waits for.</summary>
    public void CheckNothingIsLeft()
    {
        long start = Stopwatch.GetTimestamp();
        Holdings now;
        while (!IsAllOf(now = Now()))
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience)
            {
                throw new StormException($"Something is left. Before: {this}. After: {now}. The tree: {TaskTree.Dump()}");
            }

            Thread.Sleep(10);
        }
    }

    private bool IsAllOf(Holdings later) =>
        later.Descriptors <= Descriptors && later.Workers <= Workers && later.Roots <= Roots && later.HeapBytes <= HeapBytes + HeapAllowance;

    // And not a file: .NET opens its assemblies when it likes.
    private static bool IsSocketOrDriver(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.Name is { } target
                && (target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("anon_inode:", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false; // it was that of the listing
        }
    }

    private static bool IsWorker(string task)
    {
        try
        {
            // The system cuts names.
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("Treeline worker"[..15], StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // it has just ended
        }
    }
}
