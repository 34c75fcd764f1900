namespace Treeline;

/// <summary>
/// Makes a value that others watch: only the latest counts. Who is slow skips what came between, and never misses the last.
/// </summary>
public static class Watch
{
    /// <summary>Makes one. Receivers come by <see cref="WatchSender{T}.Subscribe"/>.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    /// <param name="value">The value to begin with.</param>
    /// <param name="name">How it is called in the tree and in errors.</param>
    /// <returns>The sending end.</returns>
    public static WatchSender<T> Create<T>(T value, string? name = null)
    {
        var source = new FanOut<T>(capacity: 1, skipsQuietly: true, "watch", name);
        source.Send(value);
        return new WatchSender<T>(source);
    }
}
