namespace Treeline.Tests.Stress.Model;

/// <summary>What cuts a pause short.</summary>
internal enum Listens
{
    /// <summary>The token of the scope in which the code runs.</summary>
    ToCancellation,

    /// <summary>Its stopping token: the code then takes nothing new, and returns.</summary>
    ToStopping,

    /// <summary>Nothing.</summary>
    ToNothing,
}
