namespace Treeline.Interleaving;

/// <summary>One access to something that several actors can reach.</summary>
/// <param name="Owner">Whose field it is.</param>
/// <param name="Field">Which.</param>
/// <param name="Writes">False for a load: two loads may change places.</param>
/// <param name="IsLate">Whether it may reach an object that is in a pool.</param>
internal readonly record struct Access(object Owner, string Field, bool Writes, bool IsLate = false)
{
    /// <summary>Whether the order of the two makes no difference.</summary>
    public bool IsIndependentOf(Access other) =>
        !ReferenceEquals(Owner, other.Owner) || Field != other.Field || (!Writes && !other.Writes);

    public override string ToString() => $"{(Writes ? "writes" : "reads")} {Field} of {NameOf(Owner)}";

    private static string NameOf(object owner) => owner switch
    {
        Type type => type.Name,
        string name => name,
        WaiterBase waiter => $"waiter {waiter.GetHashCode() % 10_000}",
        _ => owner.ToString() ?? owner.GetType().Name,
    };
}
