using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>The built-in handler <c>sleep</c>.</summary>
internal static class SleepHandler
{
    private const long Longest = 86_400_000;

    public static ArgsError? Validate(JsonElement? args)
    {
        Read(args, out ArgsError? error);
        return error;
    }

    public static async Task<object?> RunAsync(JobContext job, CancellationToken cancellationToken)
    {
        TimeSpan time = Read(job.Args, out ArgsError? error);
        JobFailedException.ThrowIfBad(error);
        await Clock.Delay(time, job.Time, cancellationToken);
        return null;
    }

    private static TimeSpan Read(JsonElement? args, out ArgsError? error)
    {
        var reader = new ArgsReader(args, "ms");
        long milliseconds = reader.RequiredNumber("ms", 0, Longest);
        error = reader.Error;
        return TimeSpan.FromMilliseconds(milliseconds);
    }
}
