using Xunit.Abstractions;

namespace Treeline.App.Tests.Scripts;

/// <summary><c>./test</c>, with a <c>dotnet</c> that plays every way in which a run can end: nothing that went wrong may
/// look green.</summary>
public sealed class TestScriptTests : IDisposable
{
    private readonly FakeCheckout _checkout;

    public TestScriptTests(ITestOutputHelper log)
    {
        _checkout = new FakeCheckout(log, "test");
        _checkout.Write("tests/A/A.csproj", "");
        _checkout.Write("tests/B/B.csproj", "");
    }

    [Fact]
    public async Task The_last_line_sums_up_all_projects()
    {
        Dotnet(a: Results(passed: 5, failed: 0), b: Results(passed: 7, failed: 0));

        var run = await _checkout.RunAsync(_checkout.Script);

        Assert.Equal(0, run.ExitCode);
        Assert.EndsWith("\n12 passed, 0 failed\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_test_fails_the_run()
    {
        Dotnet(a: Results(passed: 5, failed: 2) + "exit 1", b: Results(passed: 7, failed: 0));

        var run = await _checkout.RunAsync(_checkout.Script);

        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("\n12 passed, 2 failed\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_host_that_crashes_after_results_counts_as_a_failure()
    {
        Dotnet(a: Results(passed: 5, failed: 0) + "exit 1", b: Results(passed: 7, failed: 0));

        var run = await _checkout.RunAsync(_checkout.Script);

        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("\n12 passed, 1 failed\n", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit 134")] // it crashed
    [InlineData("exit 0")] // it found no test
    public async Task A_project_without_results_counts_as_a_failure(string end)
    {
        Dotnet(a: end, b: Results(passed: 7, failed: 0));

        var run = await _checkout.RunAsync(_checkout.Script);

        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("\n7 passed, 1 failed\n", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("restore")]
    [InlineData("build")]
    public async Task Without_a_build_no_test_runs(string step)
    {
        Dotnet(a: Results(passed: 5, failed: 0), b: Results(passed: 7, failed: 0), failing: step);

        var run = await _checkout.RunAsync(_checkout.Script);

        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("\n0 passed, 1 failed\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_formatting_fails_the_run_but_the_tests_run_too()
    {
        Dotnet(a: Results(passed: 5, failed: 0), b: Results(passed: 7, failed: 0), failing: "format");

        var run = await _checkout.RunAsync(_checkout.Script);

        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("\n12 passed, 1 failed\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_filter_and_a_project_are_passed_on()
    {
        Dotnet(a: Results(passed: 5, failed: 0), b: "echo \"ARGS: $*\"\n" + Results(passed: 1, failed: 0));

        var run = await _checkout.RunAsync(_checkout.Script, "--filter", "Crash|Sigterm", "B");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("--filter Crash|Sigterm", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("\n1 passed, 0 failed\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_filter_that_matches_nothing_is_no_success()
    {
        Dotnet(a: "exit 0", b: "exit 0");

        var run = await _checkout.RunAsync(_checkout.Script, "--filter", "Nothing");

        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("\n0 passed, 0 failed\n", run.Output, StringComparison.Ordinal);
    }

    public void Dispose() => _checkout.Dispose();

    private static string Results(int passed, int failed) =>
        $"""
        echo '<Counters total="{passed + failed}" executed="{passed + failed}" passed="{passed}" failed="{failed}" error="0" />' > "$results"

        """;

    private void Dotnet(string a, string b, string failing = "nothing") => _checkout.Dotnet(
        $"""
        [ "$1" = {failing} ] && exit 1
        [ "$1" = test ] || exit 0
        name=$(basename "$2" .csproj)
        mkdir -p artifacts/test-results
        results=artifacts/test-results/$name.trx
        case $name in
        A)
        {a}
        ;;
        B)
        {b}
        ;;
        esac
        """);
}
