using System.Globalization;
using System.Text;

namespace Treeline;

/// <summary>
/// Several things failed in one scope. The failure that came first is the first one here; those of cleanup that the
/// first one set off follow in the order in which they happened. A single failure is never wrapped: it is rethrown as
/// itself.
/// </summary>
public sealed class ScopeException : AggregateException
{
    internal ScopeException(string scopePath, IReadOnlyList<ScopeFailure> failures)
        : base(failures.Select(static failure => failure.Exception))
    {
        ScopePath = scopePath;
        Failures = failures;
    }

    /// <summary>The place in the tree of the scope that they surfaced from.</summary>
    public string ScopePath { get; }

    /// <summary>The failures, first to last, each with the node it comes from.</summary>
    public IReadOnlyList<ScopeFailure> Failures { get; }

    /// <summary>Names the scope and lists each failure with its path.</summary>
    public override string Message
    {
        get
        {
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture, $"{Failures.Count} failures in '{ScopePath}':");
            foreach (ScopeFailure failure in Failures)
            {
                text.AppendLine().Append("  ").Append(failure);
            }

            return text.ToString();
        }
    }
}
