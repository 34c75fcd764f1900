using Treeline.App.Tests.Support;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Processes;

public sealed class CrashTests(ITestOutputHelper log)
{
    private const int Jobs = 1_000;
    private const int Gated = 8;

    [Theory]
    [InlineData("pool")]
    [InlineData("treeline")]
    public async Task After_kill_9_halfway_every_job_finishes_and_none_is_lost(string runtime)
    {
        string[] options = [.. MixedJobs.ServeOptions, "--runtime", runtime];
        using var folder = new TempFolder();
        string data = folder.File("jobs.db");
        await using Listener listener = await Listener.StartAsync();
        var mixed = new MixedJobs(listener, folder.File("exec.txt"));
        var ids = new List<long>();

        await using (ServerProcess server = await ServerProcess.StartAsync(log, data, options))
        {
            // Some that cannot finish before the crash, so that it hits running jobs for certain.
            ids.AddRange(await server.Http.SubmitManyAsync(Enumerable.Range(0, Gated).Select(mixed.Gated)));
            foreach (int[] batch in Enumerable.Range(0, Jobs - Gated).Chunk(100))
            {
                ids.AddRange(await server.Http.SubmitManyAsync(batch.Select(mixed.Job)));
            }

            await Eventually.IsAsync(
                "half of the jobs are completed", () => server.Http.CountAsync("completed"), completed => completed >= Jobs / 2);
            server.Process.Signal(ChildProcess.SigKill);
            Assert.Equal(128 + ChildProcess.SigKill, await server.Process.ExitAsync());
        }

        listener.OpenGate();
        await using (ServerProcess server = await ServerProcess.StartAsync(log, data, options))
        {
            await MixedJobs.AssertAllSucceedAsync(server.Http, ids);
            mixed.AssertAllRan(Jobs - Gated);
        }
    }
}
