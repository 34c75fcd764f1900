using Treeline.Interleaving;

namespace Treeline;

/// <summary>
/// Stands for the pools of the workers: one stack for all, so that whoever rents next gets what was returned last. An
/// object that is in it must not be touched.
/// </summary>
internal static class Pool<T>
    where T : class
{
    private static readonly Stack<T> s_items = [];

    static Pool() => Exploration.Starting += s_items.Clear;

    public static T? TryRent()
    {
        Interleave.Write(s_items, "items");
        if (!s_items.TryPop(out T? item))
        {
            return null;
        }

        Exploration.Rented(item);
        return item;
    }

    public static void Return(T item)
    {
        Interleave.Write(s_items, "items");
        s_items.Push(item);
        Exploration.Returned(item);
    }
}
