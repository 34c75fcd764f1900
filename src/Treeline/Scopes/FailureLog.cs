namespace Treeline;

/// <summary>
/// The failures of one scope in the order in which they happened, each exception once. Owner: the scope's gate; nothing
/// here runs user code.
/// </summary>
internal sealed class FailureLog
{
    private readonly List<Entry> _entries = [];

    /// <summary>Notes a failure. An exception that is here already (rethrown by somebody who awaited it) is not noted twice.</summary>
    public void Add(TreeNode node, Exception error)
    {
        if (!_entries.Exists(entry => ReferenceEquals(entry.Error, error)))
        {
            _entries.Add(new Entry(node, error, FromBody: false));
        }
    }

    /// <summary>
    /// Notes the failure of a scope's body. Where it is or wraps failures of children that the body awaited, it takes the
    /// place of the first of them and the others go: the body has reported them itself.
    /// </summary>
    public void AddBody(TaskScope scope, Exception error)
    {
        int first = _entries.FindIndex(entry => Carries(error, entry.Error));
        if (first < 0)
        {
            _entries.Add(new Entry(scope, error, FromBody: true));
            return;
        }

        TreeNode source = ReferenceEquals(_entries[first].Error, error) ? _entries[first].Node : scope;
        _entries[first] = new Entry(source, error, FromBody: true);
        _entries.RemoveAll(entry => !entry.FromBody && Carries(error, entry.Error));
    }

    /// <summary>The failures that nobody has seen under <paramref name="policy"/>, first to last.</summary>
    public List<ScopeFailure> ToSurface(FailurePolicy policy)
    {
        var failures = new List<ScopeFailure>(_entries.Count);
        foreach (Entry entry in _entries)
        {
            if (entry.FromBody || policy == FailurePolicy.FailFast || entry.Node is not ChildTask { IsObserved: true })
            {
                failures.Add(new ScopeFailure(entry.Node.Path, entry.Error));
            }
        }

        return failures;
    }

    private static bool Carries(Exception outer, Exception sought)
    {
        var open = new Stack<Exception>([outer]);
        while (open.TryPop(out Exception? error))
        {
            if (ReferenceEquals(error, sought))
            {
                return true;
            }

            if (error is AggregateException several)
            {
                foreach (Exception inner in several.InnerExceptions)
                {
                    open.Push(inner);
                }
            }
            else if (error.InnerException is { } inner)
            {
                open.Push(inner);
            }
        }

        return false;
    }

    private readonly record struct Entry(TreeNode Node, Exception Error, bool FromBody);
}
