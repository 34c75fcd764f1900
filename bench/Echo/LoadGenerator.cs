using System.Diagnostics;
using System.Globalization;

namespace Treeline.Bench.Echo;

/// <summary>Runs <c>bench/peers/c/load.c</c> against a server. It checks every byte that comes back.</summary>
internal sealed class LoadGenerator : IDisposable
{
    private readonly Process _process;

    private LoadGenerator(EchoProcess server, string[] arguments)
    {
        var start = server.IsPinned
            ? new ProcessStartInfo("taskset", ["-c", "1", EchoSide.LoadGenerator, .. arguments])
            : new ProcessStartInfo(EchoSide.LoadGenerator, arguments);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        _process = Process.Start(start)!;
    }

    /// <summary>As many requests under way as the load says, at any time.</summary>
    public static LoadGenerator Closed(EchoProcess server, EchoLoad load, TimeSpan warmUp, TimeSpan window) =>
        new(server, ["closed", .. Numbers(server.Port, load.Connections, load.Size, load.Depth, warmUp, window, server.Id)]);

    /// <summary>So many requests a second, whatever the answers do.</summary>
    public static LoadGenerator FixedRate(
        EchoProcess server, int connections, int size, int rate, TimeSpan warmUp, TimeSpan window) =>
        new(server, ["rate", .. Numbers(server.Port, connections, size, rate, warmUp, window, server.Id)]);

    /// <summary>Connections that say one byte each, and are there until this is disposed.</summary>
    public static LoadGenerator Idle(EchoProcess server, int connections) =>
        new(server, ["idle", .. Numbers(server.Port, connections)]);

    /// <summary>Returns when the window begins, or when the idle connections are there.</summary>
    public void AwaitBegin() => ReadLine();

    /// <summary>Returns when the window has ended.</summary>
    public EchoSample AwaitEnd() => EchoSample.Parse(ReadLine());

    public EchoSample Run()
    {
        AwaitBegin();
        return AwaitEnd();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static IEnumerable<string> Numbers(params object[] values) => values.Select(static value =>
        Convert.ToString(value is TimeSpan time ? (long)time.TotalMilliseconds : value, CultureInfo.InvariantCulture)!);

    private string ReadLine() => _process.StandardOutput.ReadLine()
        ?? throw new InvalidOperationException("The load generator ended early; it has said why above.");
}
