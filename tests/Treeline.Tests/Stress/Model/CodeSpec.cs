namespace Treeline.Tests.Stress.Model;

/// <summary>
/// What a child or a body does: its steps, then a pause, and whatever happened, its cleanup (a <c>finally</c>).
/// </summary>
internal sealed class CodeSpec
{
    public List<Step> Steps { get; } = [];

    /// <summary>
    /// How long it takes after the last step, deaf to all. So nothing ends in the instant in which something else has sent it on.
    /// </summary>
    public long Ending { get; set; } = 1;

    public List<Step> Cleanup { get; } = [];
}
