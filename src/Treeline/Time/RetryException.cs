namespace Treeline;

/// <summary>
/// Every attempt of a <see cref="Retry"/> has failed, and there will be no other. The errors are here, first to last; of more
/// than a hundred, the last hundred. If there was but one attempt, its error is not wrapped: it is rethrown as itself.
/// </summary>
public sealed class RetryException : AggregateException
{
    internal RetryException(string path, int attempts, IReadOnlyList<Exception> errors, string reason)
        : base(errors)
    {
        Attempts = attempts;
        Reason = $"'{path}' failed {attempts} times and is given up: {reason}. The last time: {errors[^1].GetType().Name}: {errors[^1].Message}";
    }

    /// <summary>How many attempts were made.</summary>
    public int Attempts { get; }

    /// <summary>What the last attempt failed with.</summary>
    public Exception LastError => InnerExceptions[^1];

    /// <summary>What failed, how often, why there is no other attempt, and the last error.</summary>
    public override string Message => Reason;

    private string Reason { get; }
}
