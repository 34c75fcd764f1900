using Microsoft.Extensions.Logging;

namespace Treeline.App.Tests.Support;

/// <summary>Gives every line that is logged to a test, with its level.</summary>
public sealed class LogLines(Action<LogLevel, string> said) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        said(logLevel, formatter(state, exception));

    public void Dispose()
    {
    }
}
