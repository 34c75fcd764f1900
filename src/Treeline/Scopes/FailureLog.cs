namespace Treeline;

/// <summary>
/// The failures of one scope in the order in which they happened, each exception once. Owner: the scope's gate; nothing
/// here runs user code.
/// </summary>
/// <param name="forgets">True: a failure that somebody has looked at never surfaces, and need not be kept.</param>
internal sealed class FailureLog(bool forgets)
{
    private readonly List<Entry> _entries = [];
    private readonly HashSet<Exception> _known = new(ReferenceEqualityComparer.Instance);
    private int _tidyAt = 16;

    /// <summary>Notes a failure. An exception that is here already (rethrown by somebody who awaited it) is not noted twice.</summary>
    /// <param name="node">What failed.</param>
    /// <param name="error">What it failed with.</param>
    /// <param name="late">The scope had been cancelled before: it failed while it was ending.</param>
    public void Add(TreeNode node, Exception error, bool late)
    {
        if (_known.Add(error))
        {
            _entries.Add(new Entry(node, error, late ? Origin.Cleanup : Origin.Child));
            Tidy();
        }
    }

    /// <summary>
    /// Notes the failure of a scope's body. Where it is or wraps failures of children that the body awaited, it takes the
    /// place of the first of them and the others go: the body has reported them itself.
    /// </summary>
    public void AddBody(TaskScope scope, Exception error)
    {
        HashSet<Exception> carried = CarriedBy(error);
        _known.Add(error);
        int first = _entries.FindIndex(entry => carried.Contains(entry.Error));
        if (first < 0)
        {
            _entries.Add(new Entry(scope, error, Origin.Body));
            return;
        }

        TreeNode source = ReferenceEquals(_entries[first].Error, error) ? _entries[first].Node : scope;
        _entries[first] = new Entry(source, error, Origin.Body);
        _entries.RemoveAll(entry => entry.Origin != Origin.Body && carried.Contains(entry.Error));
    }

    /// <summary>The failures that surface, first to last. Those of the body always do.</summary>
    public List<ScopeFailure> ToSurface(SurfacingFailures which) =>
    [
        .. _entries
            .Where(entry => entry.Origin == Origin.Body || which switch
            {
                SurfacingFailures.None => entry.Origin == Origin.Cleanup,
                SurfacingFailures.Unobserved => !IsObserved(entry),
                _ => true,
            })
            .Select(static entry => new ScopeFailure(entry.Node.Path, entry.Error)),
    ];

    private static HashSet<Exception> CarriedBy(Exception outermost)
    {
        var carried = new HashSet<Exception>(ReferenceEqualityComparer.Instance);
        var open = new Stack<Exception>([outermost]);
        while (open.TryPop(out Exception? error))
        {
            if (!carried.Add(error))
            {
                continue;
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

        return carried;
    }

    private static bool IsObserved(Entry entry)
    {
        // A scope that a child forgot to await fails in its own name, and the child that somebody awaits ends with it.
        ChildNode? child = entry.Node as ChildNode ?? entry.Node.Parent as ChildNode;
        return child is { IsObserved: true } && ReferenceEquals(child.Error, entry.Error);
    }

    /// <summary>
    /// A supervising scope may stay open for weeks: failures that somebody has looked at are let go, each time their number
    /// may have doubled.
    /// </summary>
    private void Tidy()
    {
        if (!forgets || _entries.Count < _tidyAt)
        {
            return;
        }

        _entries.RemoveAll(entry => entry.Origin != Origin.Body && IsObserved(entry) && _known.Remove(entry.Error));
        _tidyAt = Math.Max(16, _entries.Count * 2);
    }

    private readonly record struct Entry(TreeNode Node, Exception Error, Origin Origin);

    private enum Origin
    {
        Body,
        Child,
        Cleanup,
    }
}
