using System.Diagnostics;
using Treeline.App.Tests.Support;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Cli;

/// <summary>Runs <c>treeline</c> to its end and keeps what it said.</summary>
internal sealed record CommandLine(int ExitCode, string Output, string Error)
{
    public static Task<CommandLine> RunAsync(ITestOutputHelper log, TestServer server, params string[] arguments) =>
        RunAsync(log, [.. arguments, "--server", server.Address.OriginalString], input: null);

    public static async Task<CommandLine> RunAsync(ITestOutputHelper log, string[] arguments, string? input)
    {
        ProcessStartInfo start = ChildProcess.Treeline(arguments);
        start.Environment.Remove("TREELINE_SERVER");
        await using var process = ChildProcess.Start(log, start, input);
        int code = await process.ExitAsync();
        return new CommandLine(code, process.Output, process.Error);
    }
}
