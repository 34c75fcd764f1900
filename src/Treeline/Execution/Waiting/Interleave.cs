using System.Diagnostics;

namespace Treeline;

/// <summary>
/// Marks each access to what threads race for, directly before it. Compiled to nothing here; the interleaving checker
/// compiles these sources against a class of the same name that stops the thread at each mark.
/// </summary>
/// <remarks>
/// A stretch of code between two marks does the one access that the first mark names and otherwise touches only what its
/// thread owns. The checker relies on that to leave out orders that cannot differ.
/// </remarks>
internal static class Interleave
{
    private const string Symbol = "TREELINE_INTERLEAVE";

    /// <summary>A load follows.</summary>
    [Conditional(Symbol)]
    public static void Read(object owner, string field)
    {
    }

    /// <summary>A store or a read-modify-write follows.</summary>
    [Conditional(Symbol)]
    public static void Write(object owner, string field)
    {
    }

    /// <summary>A load or compare-and-swap follows that may come late, to a node that is in a pool or in its next life.</summary>
    [Conditional(Symbol)]
    public static void Late(object owner, string field)
    {
    }
}
