using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Xunit.Abstractions;

namespace Treeline.App.Tests.Support;

/// <summary>A process that a test starts: its output is collected, and it is killed with everything below it when the test
/// ends. Its output goes into the message of a test that fails.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    public const int SigInt = 2;
    public const int SigQuit = 3;
    public const int SigKill = 9;
    public const int SigTerm = 15;

    private readonly Process _process;
    private readonly ITestOutputHelper _log;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly Task _outputEnds;
    private readonly Task _errorEnds;

    private ChildProcess(Process process, ITestOutputHelper log)
    {
        _process = process;
        _log = log;
        _outputEnds = CollectAsync(process.StandardOutput, _output);
        _errorEnds = CollectAsync(process.StandardError, _error);
    }

    public int Id => _process.Id;

    /// <summary>What it has written to standard output so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>What it has written to standard error so far.</summary>
    public string Error
    {
        get
        {
            lock (_error)
            {
                return _error.ToString();
            }
        }
    }

    public bool HasExited => _process.HasExited;

    public static ChildProcess Start(ITestOutputHelper log, ProcessStartInfo start, string? input = null)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.RedirectStandardInput = true;
        Process process = Process.Start(start)!;
        var child = new ChildProcess(process, log);
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; that is up to it.
        }

        return child;
    }

    /// <summary>
    /// The start of the application as the build made it, with the test's own environment, and with SIGINT and SIGQUIT
    /// as they are at a terminal: tests that a shell runs in the background inherit them ignored, and would hand that on.
    /// </summary>
    public static ProcessStartInfo Treeline(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("env");
        start.ArgumentList.Add("--default-signal=INT");
        start.ArgumentList.Add("--default-signal=QUIT");
        start.ArgumentList.Add("dotnet");
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Treeline.App.dll"));
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    public void Signal(int signal) => Assert.Equal(0, SendSignal(_process.Id, signal));

    /// <summary>Its exit code, once it and its output have ended.</summary>
    public async Task<int> ExitAsync(TimeSpan? within = null)
    {
        TimeSpan limit = within ?? Eventually.Deadline;
        using var deadline = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            await Task.WhenAll(_outputEnds, _errorEnds).WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{_process.StartInfo.FileName} had not ended after {limit.TotalSeconds} s.");
        }

        return _process.ExitCode;
    }

    /// <summary>True if a process with this id runs. A zombie, which only waits to be noticed, does not.</summary>
    public static bool IsRunning(int id)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _log.WriteLine($"--- {string.Join(' ', _process.StartInfo.ArgumentList)} (exit code {_process.ExitCode})");
        _log.WriteLine(Output);
        _log.WriteLine(Error);
        _process.Dispose();
    }

    private static async Task CollectAsync(StreamReader reader, StringBuilder into)
    {
        char[] buffer = new char[4096];
        while (await reader.ReadAsync(buffer) is > 0 and int count)
        {
            lock (into)
            {
                into.Append(buffer, 0, count);
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);
}
