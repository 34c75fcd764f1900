namespace Treeline;

/// <summary>A result on its way to whoever reads the stream, and what its maker waits for before it goes on.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
internal sealed class Parcel<T>(long number, T item)
{
    private readonly ManualResetSignal _taken = new("the reader of the results");

    public long Number => number;

    /// <summary>Takes what is in it; its maker goes on.</summary>
    public T Take()
    {
        _taken.Set();
        return item;
    }

    public WaitAwaitable<Nothing> Taken(CancellationToken cancellationToken) => _taken.Wait(cancellationToken);
}
