using Treeline.Interleaving;

namespace Treeline;

/// <summary>Stands for the class that compiles to nothing: here each mark stops its thread until it is chosen to go on.</summary>
internal static class Interleave
{
    public static void Read(object owner, string field) => Exploration.Mark(new Access(owner, field, Writes: false));

    public static void Write(object owner, string field) => Exploration.Mark(new Access(owner, field, Writes: true));

    public static void Late(object owner, string field) =>
        Exploration.Mark(new Access(owner, field, Writes: true, IsLate: true));

    /// <summary>A load that makes the thread go on only when <paramref name="condition"/> holds.</summary>
    public static void Until(object owner, string field, Func<bool> condition) =>
        Exploration.Mark(new Access(owner, field, Writes: true), condition);
}
