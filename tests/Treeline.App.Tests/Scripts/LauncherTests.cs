using Xunit.Abstractions;

namespace Treeline.App.Tests.Scripts;

/// <summary><c>./treeline</c>, with a <c>dotnet</c> that notes what it is asked for.</summary>
public sealed class LauncherTests : IDisposable
{
    private const string Dotnet =
        """
        if [ "$1" = publish ]; then
            echo "restoring, compiling, and so on"
            while [ "$1" != --output ]; do shift; done
            mkdir -p "$2"
            touch "$2/Treeline.App.dll"
        else
            shift # the assembly
            printf 'ran with'
            printf ' <%s>' "$@"
        fi
        """;

    private readonly FakeCheckout _checkout;

    public LauncherTests(ITestOutputHelper log)
    {
        _checkout = new FakeCheckout(log, "treeline");
        _checkout.Dotnet(Dotnet);
    }

    [Fact]
    public async Task Builds_the_first_time_only_and_passes_arguments_on_as_they_are()
    {
        var first = await _checkout.RunAsync(_checkout.Script, "jobs", "two words", "", "$HOME");
        var second = await _checkout.RunAsync(_checkout.Script, "jobs");

        Assert.Equal((0, "ran with <jobs> <two words> <> <$HOME>", "building treeline (first run)…\n"), first);
        Assert.Equal((0, "ran with <jobs>", ""), second);
    }

    [Theory]
    [InlineData("src/A.cs")]
    [InlineData("apps/treeline/Web/page.js")]
    [InlineData("Directory.Packages.props")]
    public async Task Builds_again_when_a_source_is_newer(string file)
    {
        await _checkout.RunAsync(_checkout.Script, "x");
        _checkout.Write(file, "changed");

        var changed = await _checkout.RunAsync(_checkout.Script, "x");
        var unchanged = await _checkout.RunAsync(_checkout.Script, "x");

        Assert.Equal((0, "ran with <x>", "building treeline (sources changed)…\n"), changed);
        Assert.Equal((0, "ran with <x>", ""), unchanged);
    }

    [Fact]
    public async Task Builds_again_when_a_source_is_gone()
    {
        await _checkout.RunAsync(_checkout.Script, "x");
        File.Delete(Path.Combine(_checkout.Root, "src/A.cs"));

        var gone = await _checkout.RunAsync(_checkout.Script, "x");

        Assert.Equal("building treeline (sources changed)…\n", gone.Error);
    }

    [Fact]
    public async Task Runs_through_symbolic_links()
    {
        string absolute = Path.Combine(_checkout.Folder, "linked");
        string relative = Path.Combine(_checkout.Folder, "again");
        File.CreateSymbolicLink(absolute, _checkout.Script);
        File.CreateSymbolicLink(relative, "linked");

        var run = await _checkout.RunAsync(relative, "x");

        Assert.Equal((0, "ran with <x>", "building treeline (first run)…\n"), run);
        Assert.True(Directory.Exists(Path.Combine(_checkout.Root, "artifacts")));
    }

    [Fact]
    public async Task A_failed_build_shows_its_log_and_is_not_taken_for_done()
    {
        _checkout.Dotnet("echo 'A.cs(1,1): error CS0000: that is wrong'; exit 1");

        var failed = await _checkout.RunAsync(_checkout.Script, "x");

        Assert.Equal(1, failed.ExitCode);
        Assert.Empty(failed.Output);
        Assert.Contains("error CS0000: that is wrong", failed.Error, StringComparison.Ordinal);

        _checkout.Dotnet(Dotnet);
        Assert.Equal((0, "ran with <x>", "building treeline (first run)…\n"), await _checkout.RunAsync(_checkout.Script, "x"));
    }

    [Fact]
    public async Task Two_first_runs_at_once_build_once()
    {
        var runs = await Task.WhenAll(_checkout.RunAsync(_checkout.Script, "a"), _checkout.RunAsync(_checkout.Script, "b"));

        Assert.Equal(["ran with <a>", "ran with <b>"], runs.Select(run => run.Output));
        Assert.Single(runs, run => run.Error.Length > 0);
    }

    [Fact]
    public async Task The_exit_code_is_the_applications()
    {
        await _checkout.RunAsync(_checkout.Script, "x");
        _checkout.Dotnet("exit 3");

        Assert.Equal(3, (await _checkout.RunAsync(_checkout.Script, "x")).ExitCode);
    }

    public void Dispose() => _checkout.Dispose();
}
