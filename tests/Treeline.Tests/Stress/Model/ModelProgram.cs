namespace Treeline.Tests.Stress.Model;

/// <summary>
/// A program of scopes, as plain data: what <see cref="ProductRun"/> does for real and <see cref="SequentialModel"/>
/// predicts. All times are whole milliseconds of virtual time.
/// </summary>
internal sealed class ModelProgram
{
    public required ScopeSpec Root { get; set; }

    /// <summary>What is done to its scopes from outside, by nobody's code.</summary>
    public List<Meddling> Meddlings { get; } = [];
}
