namespace Treeline;

/// <summary>One of the failures in a <see cref="ScopeException"/>.</summary>
public sealed class ScopeFailure
{
    internal ScopeFailure(string path, Exception exception)
    {
        Path = path;
        Exception = exception;
    }

    /// <summary>The place in the tree of the node that failed.</summary>
    public string Path { get; }

    /// <summary>What it threw.</summary>
    public Exception Exception { get; }

    /// <summary>The path, with the exception's type and message.</summary>
    public override string ToString() => $"{Path}: {Exception.GetType().Name}: {Exception.Message}";
}
