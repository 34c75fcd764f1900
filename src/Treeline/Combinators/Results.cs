namespace Treeline;

/// <summary>Results that come in any order, by their numbers.</summary>
/// <typeparam name="T">The type of the results.</typeparam>
/// <param name="expected">How many there may be.</param>
internal sealed class Results<T>(int expected)
{
    private Gate _gate;
    private T[] _items = new T[expected];
    private int _count;

    /// <summary>Keeps the result with that number, from 0.</summary>
    public void Set(long number, T item)
    {
        using (_gate.Enter())
        {
            int index = checked((int)number);
            if (index >= _items.Length)
            {
                Array.Resize(ref _items, Math.Max(index + 1, _items.Length * 2));
            }

            _items[index] = item;
            _count = Math.Max(_count, index + 1);
        }
    }

    /// <summary>All results. Called when the last has been set.</summary>
    public T[] ToArray()
    {
        using (_gate.Enter())
        {
            Array.Resize(ref _items, _count);
            return _items;
        }
    }
}
