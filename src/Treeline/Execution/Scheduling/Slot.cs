namespace Treeline;

/// <summary>
/// A place in an array of work. A struct, because writing a reference into an array of references looks at its type first.
/// </summary>
internal struct Slot
{
    public IThreadPoolWorkItem? Item;
}
