namespace Treeline.Tests.Stress.Model;

/// <summary>What the nodes of a program are called.</summary>
internal static class ModelNames
{
    public static string Of(ScopeSpec scope) => $"s{scope.Id}";

    /// <summary>One without a name is called after where it was spawned.</summary>
    public static string Of(ChildSpec child) => child.Named ? $"c{child.Id}" : $"c{child.Id}:{child.Id}";
}
