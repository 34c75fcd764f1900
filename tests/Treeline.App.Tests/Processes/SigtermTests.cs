using System.Text.Json;
using Treeline.App.Tests.Support;
using Treeline.Jobs;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Processes;

public sealed class SigtermTests(ITestOutputHelper log)
{
    private const int Jobs = 400;

    [Theory]
    [InlineData("pool")]
    [InlineData("treeline")]
    public async Task Under_load_it_leaves_nothing_running_and_loses_no_job(string runtime)
    {
        string[] options = [.. MixedJobs.ServeOptions, "--runtime", runtime];
        using var folder = new TempFolder();
        string data = folder.File("jobs.db");
        string pids = folder.File("pids.txt");
        await using Listener listener = await Listener.StartAsync();
        var mixed = new MixedJobs(listener, folder.File("exec.txt"));
        var ids = new List<long>();

        await using (ServerProcess server = await ServerProcess.StartAsync(log, data, [.. options, "--grace", "500ms"]))
        {
            // Jobs that would go on for long: some that wait, and commands with processes of their own that do not mind SIGTERM.
            string[] commands = [.. Enumerable.Range(0, 3).Select(_ => LongCommand(pids, folder.File("restarted")))];
            ids.AddRange(await server.Http.SubmitManyAsync([.. commands, .. Enumerable.Range(0, 3).Select(mixed.Gated)]));
            await Eventually.TrueAsync("the commands run", () => PidsIn(pids).Length == 6);
            ids.AddRange(await server.Http.SubmitManyAsync(Enumerable.Range(0, Jobs).Select(mixed.Job)));
            using HttpResponseMessage stream = await server.Http.GetAsync(
                new Uri("/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            await Eventually.IsAsync("it is under load", () => server.Http.CountAsync("completed"), completed => completed >= 20);

            server.Process.Signal(ChildProcess.SigTerm);

            Assert.Equal(0, await server.Process.ExitAsync());
            Assert.DoesNotContain("would not stop", server.Process.Error, StringComparison.Ordinal);
        }

        Assert.All(PidsIn(pids), pid => Assert.False(ChildProcess.IsRunning(pid), $"Process {pid} outlived the server."));
        await AssertNoneRunningInStoreAsync(data, ids);

        listener.OpenGate();
        await File.WriteAllTextAsync(folder.File("restarted"), "");
        await using (ServerProcess server = await ServerProcess.StartAsync(log, data, options))
        {
            await MixedJobs.AssertAllSucceedAsync(server.Http, ids);
            mixed.AssertAllRan(Jobs);
        }
    }

    [Fact]
    public async Task Jobs_that_finish_within_the_grace_period_are_let_finish()
    {
        using var folder = new TempFolder();
        await using Listener listener = await Listener.StartAsync();
        await using ServerProcess server = await ServerProcess.StartAsync(log, folder.File("jobs.db"), "--grace", "10m");
        long id = await server.Http.SubmitAsync(new MixedJobs(listener, "").Gated(1));
        await server.Http.WaitForStateAsync(id, "running");

        server.Process.Signal(ChildProcess.SigTerm);
        await StoppingAsync(server);
        listener.OpenGate();

        Assert.Equal(0, await server.Process.ExitAsync());
        Assert.Equal(JobState.Succeeded, (await FindInStoreAsync(folder.File("jobs.db"), id)).State);
    }

    [Fact]
    public async Task A_second_signal_cancels_at_once()
    {
        using var folder = new TempFolder();
        await using Listener listener = await Listener.StartAsync();
        await using ServerProcess server = await ServerProcess.StartAsync(log, folder.File("jobs.db"), "--grace", "10m");
        long id = await server.Http.SubmitAsync(new MixedJobs(listener, "").Gated(1));
        await server.Http.WaitForStateAsync(id, "running");

        server.Process.Signal(ChildProcess.SigInt);
        await StoppingAsync(server);
        server.Process.Signal(ChildProcess.SigTerm);

        Assert.Equal(0, await server.Process.ExitAsync());
        Job job = await FindInStoreAsync(folder.File("jobs.db"), id);
        Assert.Equal(JobState.Pending, job.State);
        // Not its fault: the attempt does not count.
        Assert.Equal(0, job.Attempts);
    }

    [Fact]
    public async Task An_idle_server_stops_at_once()
    {
        using var folder = new TempFolder();
        await using ServerProcess server = await ServerProcess.StartAsync(log, folder.File("jobs.db"), "--grace", "10m");

        server.Process.Signal(ChildProcess.SigTerm);

        Assert.Equal(0, await server.Process.ExitAsync());
    }

    /// <summary>A shell that ignores SIGTERM and starts another that does; both write down their process ids. When run
    /// again, after the restart, it ends at once.</summary>
    private static string LongCommand(string pids, string restarted)
    {
        string child = $"trap '' TERM; echo $$ >> '{pids}'; sleep 600";
        string[] script =
        [
            $"[ -e '{restarted}' ] && exit 0", "trap '' TERM", $"echo $$ >> '{pids}'", $"sh -c \"{child.Replace("$", "\\$", StringComparison.Ordinal)}\"",
        ];
        var job = new { type = "exec", args = new { command = "sh", args = new[] { "-c", string.Join("\n", script) } } };
        return JsonSerializer.Serialize(job);
    }

    private static int[] PidsIn(string file) =>
        File.Exists(file) ? [.. File.ReadAllLines(file).Where(line => line.Length > 0).Select(int.Parse)] : [];

    private static Task StoppingAsync(ServerProcess server) => Eventually.TrueAsync("it says that it stops", async () =>
        (await server.Http.GetJsonAsync("/status")).GetProperty("stopping").GetBoolean());

    /// <summary>Looks into the store without running anything in it.</summary>
    private static async Task<T> InStoreAsync<T>(string data, Func<JobServer, Task<T>> look)
    {
        await using JobServer store = await JobServer.OpenAsync(
            new JobServerOptions { DataFile = data, Handlers = new JobHandlers() }, CancellationToken.None);
        return await look(store);
    }

    private static Task<Job> FindInStoreAsync(string data, long id) =>
        InStoreAsync(data, async store => (await store.FindAsync(id, CancellationToken.None))!);

    private static async Task AssertNoneRunningInStoreAsync(string data, List<long> ids)
    {
        JobCounts counts = await InStoreAsync(data, store => store.CountAsync(CancellationToken.None));
        Assert.Equal(0, counts.Running);
        Assert.Equal(0, counts.Failed);
        Assert.Equal(ids.Count, counts.Pending + counts.Succeeded);
        Assert.True(counts.Pending >= 6, $"The long jobs are to be pending: {counts}");
    }
}
