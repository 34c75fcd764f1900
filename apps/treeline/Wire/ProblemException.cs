namespace Treeline.App.Wire;

/// <summary>A request that cannot be done, and the problem details that say why. The server throws it to answer
/// with them; the client throws it when it got them as an answer.</summary>
internal sealed class ProblemException(Problem problem) : Exception(problem.Detail ?? problem.Title)
{
    public Problem Problem { get; } = problem;
}
