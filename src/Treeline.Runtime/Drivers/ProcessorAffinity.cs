using System.Runtime.InteropServices;

namespace Treeline.Drivers;

/// <summary>Binds threads to processors. Linux; elsewhere nothing is bound.</summary>
internal static partial class ProcessorAffinity
{
    private const int Words = 16; // 1,024 processors, what the C library's cpu_set_t has

    /// <summary>The processors that the process may use; empty where they are not known.</summary>
    public static unsafe int[] Available()
    {
        if (!OperatingSystem.IsLinux())
        {
            return [];
        }

        ulong* mask = stackalloc ulong[Words];
        if (GetAffinity(0, Words * sizeof(ulong), mask) != 0)
        {
            return [];
        }

        var processors = new List<int>();
        for (int processor = 0; processor < Words * 64; processor++)
        {
            if ((mask[processor / 64] & (1UL << (processor % 64))) != 0)
            {
                processors.Add(processor);
            }
        }

        return [.. processors];
    }

    /// <summary>The calling thread runs on one processor only, if the system allows it.</summary>
    public static unsafe void BindCallingThread(int processor)
    {
        ulong* mask = stackalloc ulong[Words];
        new Span<ulong>(mask, Words).Clear();
        mask[processor / 64] = 1UL << (processor % 64);
        _ = SetAffinity(0, Words * sizeof(ulong), mask); // it is as right without, and slower
    }

    // The kernel reads and writes exactly the bytes it is told of, and keeps no pointer. 0 is the calling thread.
    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static unsafe partial int GetAffinity(int thread, nint bytes, ulong* mask);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static unsafe partial int SetAffinity(int thread, nint bytes, ulong* mask);
}
