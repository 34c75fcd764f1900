using Treeline.App.Tests.Support;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Processes;

public sealed class SigquitTests(ITestOutputHelper log)
{
    [Fact]
    public async Task It_writes_what_runs_to_standard_error_and_the_server_goes_on()
    {
        using var folder = new TempFolder();
        await using ServerProcess server = await ServerProcess.StartAsync(log, folder.File("jobs.db"));
        long id = await server.Http.SubmitAsync("""{"type":"sleep","args":{"ms":600000}}""");
        await server.Http.WaitForStateAsync(id, "running");

        server.Process.Signal(ChildProcess.SigQuit);

        await Eventually.TrueAsync(
            "the tree is there", () => server.Process.Error.Contains($"job {id} (sleep)  ", StringComparison.Ordinal));
        Assert.Contains("treeline  scope, running, ", server.Process.Error, StringComparison.Ordinal);
        await server.Http.WaitForStateAsync(id, "running");
        server.Process.Signal(ChildProcess.SigQuit);
        await Eventually.TrueAsync("once more", () => server.Process.Error.Split("treeline  scope, running, ").Length == 3);
    }
}
