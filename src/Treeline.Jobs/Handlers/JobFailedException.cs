namespace Treeline.Jobs;

/// <summary>A built-in handler failed for a reason that its message says in full.</summary>
internal sealed class JobFailedException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>For arguments that got past the check at submission: they may have been stored by another version.</summary>
    public static void ThrowIfBad(ArgsError? error)
    {
        if (error is not null)
        {
            throw new JobFailedException($"{FieldOf(error)} {error.Message}");
        }
    }

    /// <summary>The field as seen from the job: <c>args.ms</c>.</summary>
    public static string FieldOf(ArgsError error) => error.Field.Length == 0 ? "args" : $"args.{error.Field}";
}
