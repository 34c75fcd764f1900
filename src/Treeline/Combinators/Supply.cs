namespace Treeline;

/// <summary>Where the workers of a loop get their items: a sequence or a stream, opened when the loop begins.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
internal sealed class Supply<T>(IEnumerable<T>? sequence, IAsyncEnumerable<T>? stream)
{
    private IEnumerator<T>? _sequence;
    private IAsyncEnumerator<T>? _stream;

    public Supply(IEnumerable<T> sequence)
        : this(sequence, null) => ArgumentNullException.ThrowIfNull(sequence, "source");

    public Supply(IAsyncEnumerable<T> stream)
        : this(null, stream) => ArgumentNullException.ThrowIfNull(stream, "source");

    /// <summary>How many there will be, if that is known.</summary>
    public int? Count => sequence is not null && sequence.TryGetNonEnumeratedCount(out int count) ? count : null;

    public T Current => _sequence is not null ? _sequence.Current : _stream!.Current;

    /// <summary>A supply of the same that can be opened: each may be opened once.</summary>
    public Supply<T> Renew() => new(sequence, stream);

    public void Open(CancellationToken cancellationToken)
    {
        _sequence = sequence?.GetEnumerator();
        _stream = stream?.GetAsyncEnumerator(cancellationToken);
    }

    /// <summary>Goes to the next item. False: it must be awaited, by <see cref="MoveNextAsync"/>.</summary>
    public bool TryMoveNext(out bool more)
    {
        more = _sequence?.MoveNext() ?? false;
        return _sequence is not null;
    }

    // A fiber of its own, so that the loop awaits nothing that is not Treeline's.
    public async Fiber<bool> MoveNextAsync() => await _stream!.MoveNextAsync().ConfigureAwait(SchedulerContext.IsCurrent);

    public async Fiber CloseAsync()
    {
        _sequence?.Dispose();
        if (_stream is not null)
        {
            await _stream.DisposeAsync().ConfigureAwait(SchedulerContext.IsCurrent);
        }
    }
}
