using System.Diagnostics.CodeAnalysis;

namespace Treeline;

/// <summary>A place for one work item, which its worker runs next. Others may take it when the worker is stuck.</summary>
/// <remarks>
/// <b>Protocol.</b> The owner alone fills it: an empty slot stays empty until the owner fills it.
/// <code>
///   Empty ──owner──▶ Full ──owner, compare-and-swap──▶ Empty
///                     └────thief, compare-and-swap──▶ Leaving ──thief──▶ Empty
/// </code>
/// Whoever swapped Full away has the item. While a thief reads it the state is Leaving, and the owner keeps off. Filling is a
/// release store, after the item; a thief's swap acquires it. (A number and a plain reference, since swapping a
/// reference costs a call and a write barrier.)
/// </remarks>
internal struct LifoSlot
{
    private const int Empty = 0;
    private const int Full = 1;
    private const int Leaving = 2;

    private IThreadPoolWorkItem? _work;
    private int _state;

    /// <summary>Whether there is something in it. Any thread.</summary>
    public readonly bool HasWork => Volatile.Read(in _state) == Full;

    /// <summary>Puts <paramref name="work"/> in. What was there comes out; <paramref name="work"/> itself, if a thief is at it. Owner.</summary>
    public IThreadPoolWorkItem? Put(IThreadPoolWorkItem work)
    {
        int state = Volatile.Read(ref _state);
        if (state == Leaving)
        {
            return work;
        }

        IThreadPoolWorkItem? displaced = null;
        if (state == Full && !TryTake(out displaced))
        {
            return work;
        }

        _work = work;
        Volatile.Write(ref _state, Full);
        return displaced;
    }

    /// <summary>Takes what is in it. Owner.</summary>
    public bool TryTake([NotNullWhen(true)] out IThreadPoolWorkItem? work)
    {
        if (Volatile.Read(ref _state) != Full || Interlocked.CompareExchange(ref _state, Empty, Full) != Full)
        {
            work = null;
            return false;
        }

        work = _work!;
        _work = null;
        return true;
    }

    /// <summary>Takes what is in it from a worker that is stuck. Any thread.</summary>
    public IThreadPoolWorkItem? Steal()
    {
        if (Interlocked.CompareExchange(ref _state, Leaving, Full) != Full)
        {
            return null;
        }

        IThreadPoolWorkItem work = _work!;
        _work = null;
        Volatile.Write(ref _state, Empty);
        return work;
    }
}
