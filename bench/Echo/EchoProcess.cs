using System.Diagnostics;
using System.Globalization;

namespace Treeline.Bench.Echo;

/// <summary>
/// An echo server in a process of its own. It says <c>ready PORT VERSION</c>, answers a line with the bytes of its heap and, if it
/// knows, of all that it ever allocated, and ends when its standard input does.
/// </summary>
internal sealed class EchoProcess : IDisposable
{
    private readonly Process _process;

    private EchoProcess(EchoSide side, Process process, bool pinned)
    {
        Side = side;
        _process = process;
        IsPinned = pinned;
        if (ReadLine().Split(' ', 3) is not ["ready", string port, string version])
        {
            throw new InvalidOperationException($"The server '{side.Name}' did not say where it listens.");
        }

        Port = int.Parse(port, CultureInfo.InvariantCulture);
        Version = version;
    }

    public EchoSide Side { get; }

    /// <summary>To the first core; the load goes to the second then.</summary>
    public bool IsPinned { get; }

    public int Port { get; }

    /// <summary>Its own words on what it is made with.</summary>
    public string Version { get; }

    public int Id => _process.Id;

    /// <summary>Memory of the process that no file stands behind, in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            string line = File.ReadLines($"/proc/{Id}/status").First(static line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
            return long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
    }

    public static EchoProcess Start(EchoSide side, int workers, bool pinned)
    {
        string[] arguments = [.. side.Arguments, workers.ToString(CultureInfo.InvariantCulture)];
        // taskset becomes what it starts.
        var start = pinned
            ? new ProcessStartInfo("taskset", ["-c", "0", side.File, .. arguments])
            : new ProcessStartInfo(side.File, arguments);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        if (side.Setting is { } setting)
        {
            start.Environment[setting.Name] = setting.Value;
        }

        return new EchoProcess(side, Process.Start(start)!, pinned);
    }

    /// <summary>After a collection, where there is a collector.</summary>
    public (long Heap, long Allocated) Memory()
    {
        _process.StandardInput.WriteLine("memory");
        string[] answer = ReadLine().Split(' ');
        return (long.Parse(answer[0], CultureInfo.InvariantCulture), answer.Length > 1 ? long.Parse(answer[1], CultureInfo.InvariantCulture) : 0);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string ReadLine() =>
        _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The server '{Side.Name}' ended early.");
}
