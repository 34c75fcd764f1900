namespace Treeline;

/// <summary>The cancellation of one wait. Its message is put together when somebody reads it: most are never read.</summary>
internal sealed class WaitCanceledException(object? waitingFor, CancellationToken token) : OperationCanceledException(token)
{
    public override string Message => $"The wait for {waitingFor ?? "a signal"} was cancelled; it took nothing.";
}
