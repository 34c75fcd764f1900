namespace Treeline.Jobs;

/// <summary>Submitted jobs were refused. None of them was enqueued.</summary>
public sealed class InvalidJobException : Exception
{
    internal InvalidJobException(IReadOnlyList<JobProblem> problems)
        : base("No job was enqueued: " + string.Join(" ", problems.Select(Describe)))
        => Problems = problems;

    /// <summary>Everything that is wrong, in the order of the jobs.</summary>
    public IReadOnlyList<JobProblem> Problems { get; }

    private static string Describe(JobProblem problem) => $"[{problem.Index}].{problem.Field}: {problem.Message}";
}
