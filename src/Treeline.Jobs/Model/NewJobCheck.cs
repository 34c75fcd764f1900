using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>Decides whether submitted jobs may be enqueued.</summary>
internal static class NewJobCheck
{
    private const int MostAttempts = 100;
    private const int HighestPriority = 1000;
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromDays(365);

    /// <exception cref="InvalidJobException">One or more are not valid.</exception>
    public static IReadOnlyList<NewJobRow> Accept(IReadOnlyList<NewJob> jobs, JobHandlers handlers)
    {
        var problems = new List<JobProblem>();
        var rows = new List<NewJobRow>(jobs.Count);
        for (int index = 0; index < jobs.Count; index++)
        {
            NewJob job = jobs[index] ?? throw new ArgumentException($"The job at {index} is null.", nameof(jobs));
            JsonElement? args = job.Args is { ValueKind: JsonValueKind.Undefined } ? null : job.Args;
            problems.AddRange(Problems(job, args, handlers).Select(problem => new JobProblem(index, problem.Field, problem.Message)));
            rows.Add(new NewJobRow(job.Type, args?.GetRawText(), job.MaxAttempts, job.Priority, job.Delay));
        }

        return problems.Count == 0 ? rows : throw new InvalidJobException(problems);
    }

    private static IEnumerable<(string Field, string Message)> Problems(NewJob job, JsonElement? args, JobHandlers handlers)
    {
        RegisteredHandler? handler = job.Type is null ? null : handlers.Find(job.Type);
        if (handler is null)
        {
            yield return ("type", $"'{job.Type}' is not a type of job here; the types are {string.Join(", ", handlers.Types)}.");
        }
        else if (handler.Validate?.Invoke(args) is { } error)
        {
            yield return (JobFailedException.FieldOf(error), error.Message);
        }

        if (job.MaxAttempts is < 1 or > MostAttempts)
        {
            yield return ("maxAttempts", $"must be from 1 to {MostAttempts}, and is {job.MaxAttempts}.");
        }

        if (job.Delay < TimeSpan.Zero || job.Delay > s_longestDelay)
        {
            yield return ("delay", $"must be from zero to {s_longestDelay.TotalDays} days, and is {job.Delay}.");
        }

        if (job.Priority is < -HighestPriority or > HighestPriority)
        {
            yield return ("priority", $"must be from {-HighestPriority} to {HighestPriority}, and is {job.Priority}.");
        }
    }
}
