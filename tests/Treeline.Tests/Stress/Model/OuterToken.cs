namespace Treeline.Tests.Stress.Model;

/// <summary>The token that a scope is opened with.</summary>
internal enum OuterToken
{
    None,

    /// <summary>One that nobody else has.</summary>
    Foreign,

    /// <summary>That of the scope in which the code runs that opens it.</summary>
    OfEnclosingScope,
}
