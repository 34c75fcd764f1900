using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Treeline;

/// <summary>
/// Waiters in the order they came, linked through themselves. A field of the primitive; touched under its gate only.
/// </summary>
/// <remarks>
/// A ring: the first's <c>Previous</c> is the last, and a waiter is in a list exactly while its <c>Next</c> is not null.
/// So removing one that a signaller has taken out already is harmless.
/// </remarks>
internal struct WaiterList<T>
{
    private Waiter<T>? _first;

    public readonly bool IsEmpty => _first is null;

    /// <summary>Who waits longest, and may have given up.</summary>
    public readonly Waiter<T>? First => _first;

    /// <summary>Puts <paramref name="waiter"/> last.</summary>
    public void Add(Waiter<T> waiter)
    {
        Debug.Assert(waiter.Next is null, "A waiter stands in one list.");
        if (_first is not { } first)
        {
            _first = waiter.Next = waiter.Previous = waiter;
            return;
        }

        Waiter<T> last = first.Previous!;
        waiter.Previous = last;
        waiter.Next = first;
        last.Next = first.Previous = waiter;
    }

    /// <summary>Takes out the first. The caller goes on to claim it, under the same gate.</summary>
    public bool TryPop([NotNullWhen(true)] out Waiter<T>? waiter)
    {
        waiter = _first;
        if (waiter is null)
        {
            return false;
        }

        Remove(waiter);
        return true;
    }

    /// <summary>Takes out the first that can still be claimed, claimed; skips those that gave up.</summary>
    public bool TryPopClaimed([NotNullWhen(true)] out Waiter<T>? waiter)
    {
        while (TryPop(out waiter))
        {
            if (waiter.TryClaim())
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes out <paramref name="waiter"/>, if it is here.</summary>
    public void Remove(Waiter<T> waiter)
    {
        if (waiter.Next is not { } next)
        {
            return;
        }

        if (ReferenceEquals(next, waiter))
        {
            _first = null;
        }
        else
        {
            Waiter<T> previous = waiter.Previous!;
            previous.Next = next;
            next.Previous = previous;
            if (ReferenceEquals(_first, waiter))
            {
                _first = next;
            }
        }

        waiter.Next = waiter.Previous = null;
    }
}
