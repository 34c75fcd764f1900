namespace Treeline;

/// <summary>
/// Something that gives no value and may happen, as one of the things a <see cref="Select{TResult}"/> waits for. Primitives make
/// them: <c>notify.NotifiedCase()</c>, <c>Clock.DelayCase(time)</c>. Making one starts nothing.
/// </summary>
public readonly struct SelectCase
{
    internal SelectCase(ISelectable<Nothing> source) => Source = source;

    internal SelectCase(ISelectTimer timer) => Timer = timer;

    private SelectCase(CancellationToken token)
    {
        IsToken = true;
        Token = token;
    }

    internal ISelectable<Nothing>? Source { get; }

    internal ISelectTimer? Timer { get; }

    internal bool IsToken { get; }

    internal CancellationToken Token { get; }

    /// <summary>
    /// The cancellation of a token, say the <c>StoppingToken</c> of a scope, as one of the things that may happen. To end the whole
    /// wait with <see cref="OperationCanceledException"/> instead, give the token to <see cref="Select{TResult}.WaitAsync"/>.
    /// </summary>
    /// <param name="token">A token; one that cannot be cancelled never happens.</param>
    /// <returns>The case.</returns>
    public static SelectCase Cancelled(CancellationToken token) => new(token);
}
