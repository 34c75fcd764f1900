namespace Treeline;

/// <summary>
/// With this a service says that it is ready, and hands a value (the port it listens on, say) to whoever waits in
/// <c>TaskScope.StartAsync</c>.
/// </summary>
/// <typeparam name="T">The type of the value.</typeparam>
public sealed class Readiness<T>
{
    private readonly ServiceStart<T> _start;

    internal Readiness(ServiceStart<T> start) => _start = start;

    /// <summary>
    /// The service is ready: <c>StartAsync</c> returns <paramref name="value"/>, and from here on the service is a child of
    /// its scope like any other. Safe from any thread.
    /// </summary>
    /// <param name="value">What <c>StartAsync</c> returns.</param>
    /// <exception cref="InvalidOperationException">It has been reported before, or the service has ended.</exception>
    /// <exception cref="OperationCanceledException">The token given to <c>StartAsync</c> came first: the service is to end.</exception>
    public void Report(T value) => _start.Report(value);
}
