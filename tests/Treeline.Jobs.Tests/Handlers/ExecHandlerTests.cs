using System.Diagnostics;
using System.Text.Json;

namespace Treeline.Jobs.Tests;

/// <remarks>These run real processes; what they wait for is a process's state, with a deadline.</remarks>
public sealed class ExecHandlerTests
{
    private static readonly JobHandlers s_handlers =
        new JobHandlers().AddExec(["sh", "cat", "echo", "/bin/echo", "treeline-no-such-command"]);

    [Fact]
    public async Task Output_and_exit_code_are_the_result()
    {
        Job job = await RunAsync("""{"command":"sh","args":["-c","echo out; echo err >&2"]}""", JobState.Succeeded);

        Assert.Equal(
            """{"exitCode":0,"stdout":"out\n","stderr":"err\n","stdoutTruncated":false,"stderrTruncated":false}""",
            job.Result!.Value.GetRawText());
    }

    [Fact]
    public async Task There_is_no_shell_between()
    {
        Job job = await RunAsync("""{"command":"echo","args":["$HOME","a  b","; ls *"]}""", JobState.Succeeded);

        Assert.Equal("$HOME a  b ; ls *\n", Text(job, "stdout"));
    }

    [Fact]
    public async Task A_command_may_be_a_path() =>
        Assert.Equal("x\n", Text(await RunAsync("""{"command":"/bin/echo","args":["x"]}""", JobState.Succeeded), "stdout"));

    [Fact]
    public async Task Input_and_environment_reach_the_command()
    {
        Job job = await RunAsync(
            """{"command":"sh","args":["-c","cat; echo $TREELINE_TEST"],"stdin":"zwölf €","env":{"TREELINE_TEST":"13"}}""", JobState.Succeeded);

        Assert.Equal("zwölf €13\n", Text(job, "stdout"));
    }

    [Fact]
    public async Task Input_that_is_not_read_is_no_error()
    {
        string input = new('x', 300_000);

        Job job = await RunAsync($$"""{"command":"echo","args":["done"],"stdin":"{{input}}"}""", JobState.Succeeded);

        Assert.Equal("done\n", Text(job, "stdout"));
    }

    [Fact]
    public async Task Long_output_is_kept_in_part_and_marked()
    {
        Job job = await RunAsync("""{"command":"sh","args":["-c","head -c 200000 /dev/zero | tr '\\0' x; echo end >&2"]}""", JobState.Succeeded);

        Assert.Equal(new string('x', 64 * 1024), Text(job, "stdout"));
        Assert.True(job.Result!.Value.GetProperty("stdoutTruncated").GetBoolean());
        Assert.False(job.Result!.Value.GetProperty("stderrTruncated").GetBoolean());
    }

    [Fact]
    public async Task Another_exit_code_is_a_failure_with_the_end_of_stderr()
    {
        Job job = await RunAsync("""{"command":"sh","args":["-c","head -c 90000 /dev/zero | tr '\\0' x >&2; echo the reason >&2; exit 3"]}""", JobState.Failed);

        Assert.StartsWith("'sh' exited with code 3: …xxx", job.Error, StringComparison.Ordinal);
        Assert.EndsWith("xthe reason\n", job.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_is_not_there_is_a_failure_that_says_so() =>
        Assert.Equal(
            "The command 'treeline-no-such-command' was not found in any directory of PATH on the server.",
            (await RunAsync("""{"command":"treeline-no-such-command"}""", JobState.Failed)).Error);

    [Fact]
    public async Task A_command_that_takes_too_long_is_killed()
    {
        Job job = await RunAsync("""{"command":"sh","args":["-c","sleep 600"],"timeoutMs":100}""", JobState.Failed);

        Assert.Equal("'sh' did not end within 100 ms and was killed. args.timeoutMs sets the limit.", job.Error);
    }

    [Theory]
    [InlineData("sleep 600 & echo $! > {0}; wait")]
    [InlineData("trap '' TERM; sleep 600 & echo $! > {0}; wait; wait; sleep 600")]
    public async Task Cancelling_kills_the_command_and_what_it_started(string script)
    {
        using var directory = new TempDirectory();
        string pidFile = directory.File("pid");
        await using TestServer server = await TestServer.StartAsync(s_handlers);
        string args = JsonSerializer.Serialize(new
        {
            command = "sh",
            args = new[] { "-c", string.Format(System.Globalization.CultureInfo.InvariantCulture, script, pidFile) },
        });

        long id = await server.SubmitAsync("exec", args);
        int child = await PidAsync(pidFile);
        await server.Server.CancelAsync(id);

        Assert.Equal(JobState.Cancelled, (await server.UntilAsync(id, JobState.Cancelled)).State);
        Assert.True(await IsGoneAsync(child));
    }

    [Fact]
    public async Task What_a_command_leaves_in_the_background_does_not_outlive_the_job()
    {
        using var directory = new TempDirectory();
        string pidFile = directory.File("pid");

        Job job = await RunAsync(
            $$"""{"command":"sh","args":["-c","sleep 600 & echo $! > {{pidFile}}; echo done"]}""", JobState.Succeeded);

        Assert.Equal("done\n", Text(job, "stdout"));
        Assert.True(await IsGoneAsync(await PidAsync(pidFile)));
    }

    [Fact]
    public async Task What_leaves_the_group_and_holds_the_output_does_not_hold_the_job()
    {
        using var directory = new TempDirectory();
        string pidFile = directory.File("pid");

        Job job = await RunAsync(
            $$"""{"command":"sh","args":["-c","setsid sh -c 'echo $$ > {{pidFile}}; exec sleep 600' & while [ ! -s {{pidFile}} ]; do sleep 0.01; done; echo done"]}""",
            JobState.Succeeded);
        using (var left = Process.GetProcessById(await PidAsync(pidFile)))
        {
            left.Kill();
        }

        Assert.Equal("done\n", Text(job, "stdout"));
        Assert.True(job.Result!.Value.GetProperty("stdoutTruncated").GetBoolean());
    }

    [Fact]
    public async Task SIGTERM_comes_first()
    {
        using var directory = new TempDirectory();
        string ready = directory.File("pid");
        string told = directory.File("told");
        await using TestServer server = await TestServer.StartAsync(s_handlers);

        long id = await server.SubmitAsync(
            "exec", $$"""{"command":"sh","args":["-c","trap 'echo yes > {{told}}; exit 0' TERM; echo $$ > {{ready}}; while :; do sleep 0.01; done"]}""");
        await PidAsync(ready);
        await server.Server.CancelAsync(id);
        await server.UntilAsync(id, JobState.Cancelled);

        Assert.Equal("yes\n", await File.ReadAllTextAsync(told));
    }

    private static async Task<Job> RunAsync(string args, JobState end)
    {
        await using TestServer server = await TestServer.StartAsync(s_handlers);
        return await server.UntilAsync(await server.SubmitAsync("exec", args, maxAttempts: 1), end);
    }

    private static string? Text(Job job, string stream) => job.Result!.Value.GetProperty(stream).GetString();

    private static async Task<int> PidAsync(string file)
    {
        var waited = Stopwatch.StartNew();
        string text = string.Empty;
        while (!text.EndsWith('\n') && waited.Elapsed < Deadline.Of)
        {
            await Task.Delay(5);
            text = File.Exists(file) ? await File.ReadAllTextAsync(file) : string.Empty;
        }

        return int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Gone, or a zombie that its new parent has yet to reap.</summary>
    private static async Task<bool> IsGoneAsync(int pid)
    {
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < Deadline.Of)
        {
            try
            {
                string status = await File.ReadAllTextAsync($"/proc/{pid}/stat");
                if (status[status.LastIndexOf(')')..].StartsWith(") Z", StringComparison.Ordinal))
                {
                    return true;
                }
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or IOException)
            {
                return true;
            }

            await Task.Delay(5);
        }

        return false;
    }
}
