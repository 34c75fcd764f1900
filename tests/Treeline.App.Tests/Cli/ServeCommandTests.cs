using Treeline.App.Tests.Support;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Cli;

public sealed class ServeCommandTests(ITestOutputHelper log)
{
    [Fact]
    public async Task A_start_says_where_it_listens_where_data_lives_and_how_to_submit()
    {
        using var folder = new TempFolder();
        string data = folder.File("new/folder/jobs.db");
        await using ServerProcess server = await ServerProcess.StartAsync(log, data);
        string url = server.Http.BaseAddress!.GetLeftPart(UriPartial.Authority);

        await Eventually.TrueAsync("the whole greeting is there", () => server.Process.Output.EndsWith("/jobs\n", StringComparison.Ordinal));

        Assert.Equal(
            $$$"""
            Listening on {{{url}}}
              page    {{{url}}}/
              data    {{{data}}}
              submit  curl -d '{"type":"sleep","args":{"ms":5000}}' {{{url}}}/jobs

            """,
            server.Process.Output);
        Assert.True(File.Exists(data));
    }

    [Fact]
    public async Task A_start_on_a_runtime_says_so()
    {
        using var folder = new TempFolder();
        await using ServerProcess server = await ServerProcess.StartAsync(log, folder.File("jobs.db"), "--runtime", "treeline");

        await Eventually.TrueAsync("the whole greeting is there", () => server.Process.Output.EndsWith("/jobs\n", StringComparison.Ordinal));

        Assert.Contains("\n  jobs    on Treeline's runtime: ", server.Process.Output, StringComparison.Ordinal);
        Assert.Empty(server.Process.Error);
    }

    [Fact]
    public async Task Data_lives_in_the_users_data_folder_unless_said_otherwise()
    {
        using var folder = new TempFolder();
        var start = ChildProcess.Treeline("serve", "--port", "0");
        start.Environment["XDG_DATA_HOME"] = folder.Path;
        await using ServerProcess server = await ServerProcess.StartAsync(log, start);

        Assert.True(File.Exists(folder.File("treeline/jobs.db")));
    }

    [Fact]
    public async Task A_port_in_use_is_one_clear_line()
    {
        using var folder = new TempFolder();
        await using ServerProcess first = await ServerProcess.StartAsync(log, folder.File("1.db"));
        int port = first.Http.BaseAddress!.Port;

        CommandLine second = await CommandLine.RunAsync(
            log, ["serve", "--port", $"{port}", "--data", folder.File("2.db")], input: null);

        Assert.Equal(1, second.ExitCode);
        Assert.Empty(second.Output);
        string line = Assert.Single(second.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"127.0.0.1:{port}", line, StringComparison.Ordinal);
        Assert.Contains("in use", line, StringComparison.Ordinal);
        Assert.Contains("--port", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_file_that_is_none_is_one_clear_line()
    {
        using var folder = new TempFolder();
        string data = folder.File("jobs.db");
        await File.WriteAllTextAsync(data, string.Concat(Enumerable.Repeat("This is a diary and no database. ", 100)));

        CommandLine run = await CommandLine.RunAsync(log, ["serve", "--port", "0", "--data", data], input: null);

        Assert.Equal(1, run.ExitCode);
        string line = Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(data, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--grace", "5", "not a span of time")]
    [InlineData("--port", "70000", "from 0 to 65535")]
    [InlineData("--workers", "0", "from 1 to 10000")]
    [InlineData("--max-body", "0", "--max-body must be from 1")]
    [InlineData("--prot", "8080", "--prot")]
    [InlineData("--runtime", "tokio", "'pool'")]
    public async Task A_bad_option_ends_with_2(string option, string value, string message)
    {
        CommandLine run = await CommandLine.RunAsync(log, ["serve", option, value], input: null);

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://localhost:8443")]
    [InlineData("localhost")]
    [InlineData("http://localhost:80/path")]
    [InlineData("http://localhost:0")]
    [InlineData("http://some.name:8080")] // the web server would take it for every address of the machine
    public async Task A_bad_address_is_one_clear_line(string url)
    {
        CommandLine run = await CommandLine.RunAsync(log, ["serve", "--urls", url], input: null);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("treeline: --urls: ", Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_calls_the_command_treeline_and_shows_examples()
    {
        CommandLine root = await CommandLine.RunAsync(log, ["--help"], input: null);
        CommandLine submit = await CommandLine.RunAsync(log, ["jobs", "submit", "--help"], input: null);

        Assert.Equal(0, root.ExitCode);
        Assert.Contains("  treeline [command]", root.Output, StringComparison.Ordinal);
        Assert.Contains("\nExamples:\n  treeline serve ", root.Output, StringComparison.Ordinal);
        Assert.Contains("  treeline jobs submit <TYPE>", submit.Output, StringComparison.Ordinal);
        Assert.Contains("--max-attempts", submit.Output, StringComparison.Ordinal);
    }
}
