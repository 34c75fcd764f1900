namespace Treeline;

/// <summary>
/// A stream that is read where its consumer is, under a cancel scope of its own: so an operator can end the wait for an item,
/// and knows that it was the operator who did.
/// </summary>
/// <remarks>The consumer gives each item, also one that came in spite of the interruption; nothing that came is lost.</remarks>
/// <typeparam name="T">The type of the items.</typeparam>
internal sealed class Interruptible<T>(IAsyncEnumerable<T> source, Combination combination, CancellationToken cancellationToken)
    : IAsyncDisposable
{
    private IAsyncEnumerator<T>? _items;

    /// <summary>What the source obeys.</summary>
    public CancelScope Scope { get; } = CancelScope.Open(cancellationToken, combination.Name, combination.File, combination.Line);

    public T Current => _items!.Current;

    /// <summary>True if what was cancelled first is the operator's own scope, and not at the wish of the consumer.</summary>
    public bool IsInterrupted =>
        Scope.Cause is { } cause && ReferenceEquals(cause.Origin, Scope) && cause.Kind is CancelKind.Requested or CancelKind.Deadline;

    /// <summary>Begins to go to the next item; the operator awaits it.</summary>
    public ValueTask<bool> MoveNextAsync() => (_items ??= source.GetAsyncEnumerator(Scope.Token)).MoveNextAsync();

    /// <summary>True for what comes of a cancellation that the consumer's token was first to ask for.</summary>
    public bool IsOfConsumer(Exception error) =>
        error is OperationCanceledException && Scope.Cause is { Kind: CancelKind.OuterToken } && cancellationToken.IsCancellationRequested;

    /// <summary>That cancellation, with the consumer's token.</summary>
    public OperationCanceledException OfConsumer(Exception error) => new(error.Message, error, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await using (Scope.ConfigureAwait(SchedulerContext.IsCurrent))
        {
            if (_items is not null)
            {
                await _items.DisposeAsync().ConfigureAwait(SchedulerContext.IsCurrent);
            }
        }
    }
}
