using System.Diagnostics;
using System.Text.Json;
using Treeline.App.Tests.Support;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Cli;

public sealed class JobsCommandTests(TestServer server, ITestOutputHelper log) : IClassFixture<TestServer>
{
    private const string InAnHour = "1h";

    [Fact]
    public async Task Submit_sends_all_its_options()
    {
        CommandLine run = await RunAsync(
            "jobs", "submit", "sleep", "--args", """{"ms":5}""", "--max-attempts", "7", "--delay", "90m", "--priority", "-3");

        Assert.Equal(0, run.ExitCode);
        long id = (await NewestAsync()).GetProperty("id").GetInt64();
        Assert.Equal($"Submitted job {id}.\n", run.Output);
        JsonElement job = await server.Http.JobAsync(id);
        Assert.Equal(5, job.GetProperty("args").GetProperty("ms").GetInt32());
        Assert.Equal(7, job.GetProperty("maxAttempts").GetInt32());
        Assert.Equal(-3, job.GetProperty("priority").GetInt32());
        Assert.Equal(
            TimeSpan.FromMinutes(90),
            job.GetProperty("runAt").GetDateTimeOffset() - job.GetProperty("createdAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task Submit_reads_arguments_from_standard_input()
    {
        CommandLine run = await CommandLine.RunAsync(
            log,
            ["jobs", "submit", "sleep", "--args", "-", "--delay", InAnHour, "--json", "--server", server.Address.OriginalString],
            input: """{"ms":17}""");

        Assert.Equal(0, run.ExitCode);
        long id = Json(run).GetProperty("id").GetInt64();
        Assert.Equal(17, (await server.Http.JobAsync(id)).GetProperty("args").GetProperty("ms").GetInt32());
    }

    [Fact]
    public async Task Submit_takes_a_count()
    {
        CommandLine run = await RunAsync("jobs", "submit", "gate", "--delay", InAnHour, "--count", "25", "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(25, Json(run).GetProperty("ids").GetArrayLength());
    }

    [Fact]
    public async Task Submit_waits_for_success()
    {
        CommandLine run = await RunAsync("jobs", "submit", "sleep", "--args", """{"ms":50}""", "--wait", "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("succeeded", Json(run).GetProperty("state").GetString());
    }

    [Fact]
    public async Task Submit_waits_for_many_and_sums_them_up()
    {
        CommandLine run = await RunAsync("jobs", "submit", "sleep", "--args", """{"ms":1}""", "--count", "200", "--wait");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("200 succeeded\n", run.Output);
    }

    [Fact]
    public async Task Submit_that_waits_ends_with_1_when_the_job_failed()
    {
        CommandLine run = await RunAsync("jobs", "submit", "fail", "--max-attempts", "1", "--wait");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("failed", run.Output, StringComparison.Ordinal);
        Assert.Contains("it was meant to fail", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_server_refuses_is_told_field_by_field()
    {
        CommandLine run = await RunAsync("jobs", "submit", "gate", "--max-attempts", "101", "--priority", "5000");

        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains("\n  maxAttempts: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("\n  priority: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arguments_that_are_not_json_are_refused_here()
    {
        CommandLine run = await RunAsync("jobs", "submit", "sleep", "--args", "{ms:5}");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("treeline: --args is not JSON: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_shows_a_table_without_colours_when_it_goes_to_a_file()
    {
        long id = await server.Http.SubmitAsync("""{"type":"fail","maxAttempts":1}""");
        await server.Http.WaitForStateAsync(id, "failed");

        CommandLine run = await RunAsync("jobs", "list", "--state", "failed", "--limit", "1");

        Assert.Equal(0, run.ExitCode);
        string row = Assert.Single(run.Output.Split('\n'), line => line.Contains("it was meant to fail", StringComparison.Ordinal));
        Assert.Contains($" {id} ", row, StringComparison.Ordinal);
        Assert.Contains("1/1", row, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Output);
    }

    [Fact]
    public async Task List_prints_the_servers_json()
    {
        long id = await server.Http.SubmitAsync("""{"type":"gate","delay":"01:00:00"}""");

        CommandLine run = await RunAsync("jobs", "list", "--limit", "1", "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(id, Json(run).GetProperty("jobs")[0].GetProperty("id").GetInt64());
    }

    [Fact]
    public async Task Show_shows_one_job_and_no_escape_sequences_of_its()
    {
        long id = await server.Http.SubmitAsync("""{"type":"gate","delay":"01:00:00","args":{"text":"[red]"}}""");

        CommandLine run = await RunAsync("jobs", "show", $"{id}");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("""{"text":"[red]"}""", run.Output, StringComparison.Ordinal);
        Assert.Contains("pending", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_says_that_there_is_no_such_job()
    {
        CommandLine run = await RunAsync("jobs", "show", "999999");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("There is no job 999999.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_cancels()
    {
        long id = await server.Http.SubmitAsync("""{"type":"gate","delay":"01:00:00"}""");

        CommandLine run = await RunAsync("jobs", "cancel", $"{id}");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal($"Job {id} is cancelled.\n", run.Output);
        Assert.Equal("cancelled", await server.Http.StateAsync(id));
    }

    [Fact]
    public async Task Status_counts()
    {
        CommandLine table = await RunAsync("jobs", "status");
        CommandLine json = await RunAsync("jobs", "status", "--json");

        Assert.Equal(0, table.ExitCode);
        Assert.Contains("Pending", table.Output, StringComparison.Ordinal);
        Assert.Equal(0, json.ExitCode);
        Assert.True(Json(json).GetProperty("workers").GetInt32() > 0);
    }

    [Fact]
    public async Task The_server_can_come_from_the_environment()
    {
        ProcessStartInfo start = ChildProcess.Treeline("jobs", "status", "--json");
        start.Environment["TREELINE_SERVER"] = server.Address.OriginalString;
        await using var process = ChildProcess.Start(log, start);

        Assert.Equal(0, await process.ExitAsync());
        Assert.Contains("\"pending\"", process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_server_one_line_says_how_to_start_one()
    {
        // Port 1 is never listened on.
        CommandLine run = await CommandLine.RunAsync(log, ["jobs", "status", "--server", "http://127.0.0.1:1"], input: null);

        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Equal(
            "treeline: no server answers at http://127.0.0.1:1; start one with 'treeline serve', or name another with --server.\n",
            run.Error);
    }

    private static JsonElement Json(CommandLine run) => JsonSerializer.Deserialize<JsonElement>(run.Output);

    private async Task<JsonElement> NewestAsync() =>
        (await server.Http.GetJsonAsync("/jobs?limit=1")).GetProperty("jobs")[0];

    private Task<CommandLine> RunAsync(params string[] arguments) => CommandLine.RunAsync(log, server, arguments);
}
