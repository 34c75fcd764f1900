using System.Globalization;
using System.Text;

namespace Treeline;

/// <summary>
/// A scope gave up: it had been cancelled, its patience was over, and these tasks had not ended. They may still run, and hold
/// what they hold. Find out why they do not listen to their token; see <see cref="ScopeOptions.Patience"/>.
/// </summary>
public sealed class AbandonedException : Exception
{
    private readonly string _cause;
    private readonly TimeSpan _patience;

    internal AbandonedException(string scopePath, string cause, TimeSpan patience, IReadOnlyList<AbandonedNode> nodes)
    {
        ScopePath = scopePath;
        _cause = cause;
        _patience = patience;
        Nodes = nodes;
    }

    /// <summary>The place in the tree of the scope that gave up.</summary>
    public string ScopePath { get; }

    /// <summary>The tasks whose own code had not ended, parents before children.</summary>
    public IReadOnlyList<AbandonedNode> Nodes { get; }

    /// <summary>Names the scope, why it was cancelled, and each task with where it was spawned and what it waits on.</summary>
    public override string Message
    {
        get
        {
            var text = new StringBuilder();
            text.Append(
                CultureInfo.InvariantCulture,
                $"'{ScopePath}' gave up {_patience} after it was cancelled ({_cause}). These had not ended, and may still run:");
            foreach (AbandonedNode node in Nodes)
            {
                text.AppendLine().Append("  ").Append(node);
            }

            return text.ToString();
        }
    }
}
