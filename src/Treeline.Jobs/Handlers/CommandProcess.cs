using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Treeline.Jobs;

/// <summary>
/// A command that runs without a shell, together with everything it starts.
/// </summary>
/// <remarks>
/// On Linux it is started through <c>setsid</c> and so leads a process group of its own. That lets all of it be
/// signalled at once, also what outlives its parent; and a Ctrl-C at the server's terminal, which goes to the
/// terminal's whole foreground group, does not reach it while the server still lets its jobs finish. Where there is no
/// <c>setsid</c>, the command and its descendants are killed without a SIGTERM first.
/// </remarks>
internal sealed class CommandProcess : IDisposable
{
    private const int SigTerm = 15;
    private const int SigKill = 9;

    // From SIGTERM to SIGKILL. Real time, as processes know no other.
    private static readonly TimeSpan s_termination = TimeSpan.FromSeconds(2);

    private static readonly string? s_setsid = OperatingSystem.IsLinux() ? FindOnPath("setsid") : null;

    private readonly Process _process;

    private CommandProcess(Process process) => _process = process;

    public Stream Output => _process.StandardOutput.BaseStream;

    public Stream Errors => _process.StandardError.BaseStream;

    /// <summary>128 and the signal's number if a signal ended it.</summary>
    public int ExitCode => _process.ExitCode;

    public static CommandProcess Start(ExecArgs args)
    {
        string command = args.Command.Contains(Path.DirectorySeparatorChar) ? args.Command : FindOnPath(args.Command)
            ?? throw new JobFailedException($"The command '{args.Command}' was not found in any directory of PATH on the server.");
        if (!File.Exists(command))
        {
            throw new JobFailedException($"The command '{args.Command}' does not exist on the server.");
        }

        var start = new ProcessStartInfo
        {
            FileName = s_setsid ?? command,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        foreach (string argument in s_setsid is null ? args.Arguments : [command, .. args.Arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in args.Environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            return new CommandProcess(Process.Start(start)!);
        }
        catch (Win32Exception e)
        {
            throw new JobFailedException($"The command '{args.Command}' could not be started: {e.Message}.", e);
        }
    }

    /// <summary>
    /// Gives the command its input, and then the end of it. A command that does not read it all is no error.
    /// Cancellation: the rest is not given.
    /// </summary>
    public async Task FeedAsync(string? input, CancellationToken cancellationToken)
    {
        try
        {
            if (input is not null)
            {
                await _process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            }

            _process.StandardInput.Close();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It closed its end, or is being killed.
        }
    }

    /// <summary>Waits for the command itself to exit. Cancellation: it goes on running.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>
    /// Ends whatever still runs: SIGTERM to the group, SIGKILL when the command has exited or two seconds later; then the
    /// command is reaped. Cancellation: not possible; it takes two seconds and what the kernel needs.
    /// </summary>
    public async Task EndAsync()
    {
        if (!_process.HasExited && s_setsid is not null)
        {
            Signal(SigTerm);
            using var over = new CancellationTokenSource(s_termination);
            await _process.WaitForExitAsync(over.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        if (s_setsid is not null)
        {
            Signal(SigKill);
        }
        else
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync(CancellationToken.None);
    }

    public void Dispose() => _process.Dispose();

    private static string? FindOnPath(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, command))
            .FirstOrDefault(File.Exists);

    // POSIX kill(2). A negative process id means the group.
    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);

    private void Signal(int signal)
    {
        // The group exists a moment after the process does, and as long as anything is left in it.
        if (Kill(-_process.Id, signal) != 0 && !_process.HasExited)
        {
            _process.Kill();
        }
    }
}
