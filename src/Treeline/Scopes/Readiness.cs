namespace Treeline;

/// <summary>With this a service says that it is ready, to whoever waits in <c>TaskScope.StartAsync</c>.</summary>
public sealed class Readiness
{
    private readonly Readiness<Nothing> _inner;

    internal Readiness(Readiness<Nothing> inner) => _inner = inner;

    /// <inheritdoc cref="Readiness{T}.Report"/>
    public void Report() => _inner.Report(default);
}
