using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Support;

/// <summary><c>treeline serve</c> as a process of its own, on a free port.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private ServerProcess(ChildProcess process, Uri address)
    {
        Process = process;
        Http = new HttpClient { BaseAddress = address };
    }

    public ChildProcess Process { get; }

    public HttpClient Http { get; }

    public static Task<ServerProcess> StartAsync(ITestOutputHelper log, string dataFile, params string[] options) =>
        StartAsync(log, ChildProcess.Treeline(["serve", "--port", "0", "--data", dataFile, .. options]));

    /// <summary>Returns once the line that says where it listens is there.</summary>
    public static async Task<ServerProcess> StartAsync(ITestOutputHelper log, ProcessStartInfo start)
    {
        var process = ChildProcess.Start(log, start);
        try
        {
            await Eventually.TrueAsync(
                "the server says where it listens", () => process.HasExited || ListeningLine().IsMatch(process.Output));
            Match line = ListeningLine().Match(process.Output);
            Assert.True(line.Success, $"The server ended at once: {process.Error}");
            return new ServerProcess(process, new Uri(line.Groups[1].Value));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Process.DisposeAsync();
    }

    [GeneratedRegex(@"^Listening on (http://\S+:\d+)\r?\n", RegexOptions.Multiline)]
    private static partial Regex ListeningLine();
}
