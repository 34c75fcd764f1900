using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Treeline;

/// <summary>
/// Something about some nodes that only listeners want, kept beside them so that nodes are no larger for it. Asking
/// whether there is anything is one load. A node's entry is taken out when it ends, as each does, so nothing leaks.
/// </summary>
internal sealed class SideTable<T>
{
    private readonly ConcurrentDictionary<TreeNode, T> _entries = new(ReferenceEqualityComparer.Instance);
    private int _count;

    /// <summary>False: there is nothing to take. Of the entry of a node, right for whoever ends it.</summary>
    public bool Any => Volatile.Read(ref _count) != 0;

    public void Add(TreeNode node, T entry)
    {
        Interlocked.Increment(ref _count);
        _entries[node] = entry;
    }

    public bool TryGet(TreeNode node, [MaybeNullWhen(false)] out T entry)
    {
        entry = default;
        return Any && _entries.TryGetValue(node, out entry);
    }

    public bool TryTake(TreeNode node, [MaybeNullWhen(false)] out T entry)
    {
        entry = default;
        if (!Any || !_entries.TryRemove(node, out entry))
        {
            return false;
        }

        Interlocked.Decrement(ref _count);
        return true;
    }
}
