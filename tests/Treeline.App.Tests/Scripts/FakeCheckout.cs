using System.Diagnostics;
using Treeline.App.Tests.Support;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Scripts;

/// <summary>A folder with a root script of this repository and a <c>dotnet</c> that only does what a test says.</summary>
internal sealed class FakeCheckout : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ITestOutputHelper _log;
    private readonly string _bin;

    public FakeCheckout(ITestOutputHelper log, string script)
    {
        _log = log;
        // Paths may have spaces, and quotes.
        Root = _folder.File("a check'out");
        _bin = _folder.File("bin");
        Directory.CreateDirectory(_bin);
        Directory.CreateDirectory(Root);
        Script = Path.Combine(Root, script);
        File.Copy(Checkout.File(script), Script);
        foreach (string file in (ReadOnlySpan<string>)["src/A.cs", "apps/treeline/B.cs", "Directory.Build.props", "Directory.Packages.props", "global.json"])
        {
            Write(file, "");
        }
    }

    public string Root { get; }

    public string Script { get; }

    public string Folder => _folder.Path;

    public void Write(string file, string text)
    {
        string path = Path.Combine(Root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    /// <summary>Makes <c>dotnet</c> run this shell script.</summary>
    public void Dotnet(string script)
    {
        string path = Path.Combine(_bin, "dotnet");
        File.WriteAllText(path, $"#!/usr/bin/env bash\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public async Task<(int ExitCode, string Output, string Error)> RunAsync(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(script, arguments) { WorkingDirectory = _folder.Path };
        start.Environment["PATH"] = $"{_bin}:{Environment.GetEnvironmentVariable("PATH")}";
        await using var process = ChildProcess.Start(_log, start);
        int code = await process.ExitAsync();
        return (code, process.Output, process.Error);
    }

    public void Dispose() => _folder.Dispose();
}
