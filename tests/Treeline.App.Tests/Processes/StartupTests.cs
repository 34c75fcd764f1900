using System.Diagnostics;
using Treeline.App.Tests.Support;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Processes;

[Collection(nameof(RunsAlone))]
public sealed class StartupTests(ITestOutputHelper log)
{
    // Under a second on a machine with nothing else to do; a busy one gets this.
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan s_buildDeadline = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_second_start_listens_soon()
    {
        using var folder = new TempFolder();
        await BuildAsync();
        await StartAsync(folder);

        var times = new List<double>();
        for (int i = 0; i < 5; i++)
        {
            times.Add((await StartAsync(folder)).TotalMilliseconds);
        }

        times.Sort();
        Console.WriteLine($"./treeline serve listens after {times[2]:0} ms (median of {times.Count}; {times[0]:0} to {times[^1]:0})");
        // The quickest: whatever else the machine does can only add to it.
        Assert.InRange(times[0], 0, s_limit.TotalMilliseconds);
    }

    private static ProcessStartInfo Launcher(params IEnumerable<string> arguments) =>
        new(Checkout.File("treeline"), arguments) { WorkingDirectory = Path.GetTempPath() };

    private async Task BuildAsync()
    {
        await using var first = ChildProcess.Start(log, Launcher("--version"));
        Assert.Equal(0, await first.ExitAsync(s_buildDeadline));
        Assert.DoesNotContain("error", first.Error, StringComparison.OrdinalIgnoreCase);
    }

    private async Task<TimeSpan> StartAsync(TempFolder folder)
    {
        long start = Stopwatch.GetTimestamp();
        await using ServerProcess server = await ServerProcess.StartAsync(
            log, Launcher("serve", "--port", "0", "--data", folder.File("jobs.db")));
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        Assert.StartsWith("Listening on ", server.Process.Output, StringComparison.Ordinal);
        Assert.Empty(server.Process.Error);
        server.Process.Signal(ChildProcess.SigTerm);
        Assert.Equal(0, await server.Process.ExitAsync());
        return time;
    }
}
