using System.Text;
using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>The built-in handler <c>exec</c>.</summary>
internal sealed class ExecHandler(IEnumerable<string> allowedCommands)
{
    private const int OutputKept = 64 * 1024;

    // How long the pipes may stay open after the command and its group are gone: something that left the group holds them.
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(2);

    private readonly SortedSet<string> _allowed = new(allowedCommands, StringComparer.Ordinal);

    public ArgsError? Validate(JsonElement? args)
    {
        ExecArgs.Read(args, _allowed, out ArgsError? error);
        return error;
    }

    public async Task<object?> RunAsync(JobContext job, CancellationToken cancellationToken)
    {
        ExecArgs args = ExecArgs.Read(job.Args, _allowed, out ArgsError? error);
        JobFailedException.ThrowIfBad(error);
        TimeSpan? limit = args.TimeoutMs is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null;
        try
        {
            return await TaskScope.RunAsync(
                async scope => await RunAsync(args, scope),
                // A process runs in real time, whatever the clock of the server.
                new ScopeOptions { Name = args.Command, Timeout = limit, TimeProvider = TimeProvider.System },
                cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new JobFailedException(
                $"'{args.Command}' did not end within {args.TimeoutMs} ms and was killed. args.timeoutMs sets the limit.", e);
        }
    }

    private static async Task<object?> RunAsync(ExecArgs args, TaskScope scope)
    {
        var output = new StreamCapture(OutputKept);
        var errors = new StreamCapture(OutputKept);
        using CommandProcess process = CommandProcess.Start(args);
        using var drained = CancellationTokenSource.CreateLinkedTokenSource(scope.Token);
        ChildTask[] pumps =
        [
            scope.Spawn(_ => PumpAsync(output, process.Output, drained.Token), "stdout"),
            scope.Spawn(_ => PumpAsync(errors, process.Errors, drained.Token), "stderr"),
            scope.Spawn(_ => process.FeedAsync(args.Input, drained.Token), "stdin"),
        ];
        try
        {
            await process.WaitAsync(scope.Token);
        }
        finally
        {
            // Ended or not: nothing of it stays behind.
            await process.EndAsync();
            drained.CancelAfter(s_drain);
            foreach (ChildTask pump in pumps)
            {
                await pump;
            }
        }

        if (process.ExitCode != 0)
        {
            throw new JobFailedException($"'{args.Command}' exited with code {process.ExitCode}: {errors.Tail(Encoding.UTF8)}");
        }

        return new
        {
            exitCode = process.ExitCode,
            stdout = output.Head(Encoding.UTF8),
            stderr = errors.Head(Encoding.UTF8),
            stdoutTruncated = output.Truncated,
            stderrTruncated = errors.Truncated,
        };
    }

    private static async Task PumpAsync(StreamCapture capture, Stream stream, CancellationToken drained)
    {
        try
        {
            await capture.ReadAsync(stream, drained);
        }
        catch (OperationCanceledException)
        {
            // Noted as truncated; whether the command was cancelled is for the body to say.
        }
    }
}
