using Microsoft.Win32.SafeHandles;

namespace Treeline;

/// <summary>Tells whether a thread is waiting: as far as .NET knows, and on Linux as far as the kernel does.</summary>
/// <remarks>
/// <b>Protocol.</b> Made by the thread itself, which alone can find out its name in the kernel; after that, used by one
/// other thread at a time. It may outlive its thread, and then knows nothing.
/// </remarks>
internal sealed class ThreadProbe
{
    private readonly Thread _thread = Thread.CurrentThread;
    private string? _statusFile;
    private SafeFileHandle? _status;

    /// <summary>A probe of the calling thread.</summary>
    public ThreadProbe()
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                _statusFile = File.ResolveLinkTarget("/proc/thread-self", returnFinalTarget: false)?.FullName + "/stat";
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // No /proc here.
            }
        }
    }

    /// <summary>What the thread does now.</summary>
    public ThreadActivity Look()
    {
        if ((_thread.ThreadState & ThreadState.WaitSleepJoin) != 0)
        {
            return ThreadActivity.Waiting;
        }

        if (_statusFile is null)
        {
            return ThreadActivity.Unknown;
        }

        try
        {
            // "id (name) state …", see proc(5); the name may contain anything.
            _status ??= File.OpenHandle(_statusFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            Span<byte> text = stackalloc byte[128];
            text = text[..RandomAccess.Read(_status, text, fileOffset: 0)];
            int state = text.LastIndexOf((byte)')') + 2;
            return state >= text.Length ? ThreadActivity.Unknown
                : text[state] is (byte)'R' ? ThreadActivity.Computing
                : ThreadActivity.Waiting;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _statusFile = null;
            return ThreadActivity.Unknown;
        }
    }
}
