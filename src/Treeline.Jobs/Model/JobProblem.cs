namespace Treeline.Jobs;

/// <summary>One thing wrong with a submitted job.</summary>
/// <param name="Index">Which of the submitted jobs, from 0.</param>
/// <param name="Field">Which field, as in <c>maxAttempts</c> or <c>args.ms</c>.</param>
/// <param name="Message">What is wrong with it and what would be right.</param>
public sealed record JobProblem(int Index, string Field, string Message);
