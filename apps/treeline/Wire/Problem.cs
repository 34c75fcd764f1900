namespace Treeline.App.Wire;

/// <summary>An error as the server sends it: RFC 9457 problem details.</summary>
/// <remarks><see cref="Errors"/> is this API's extension: what is wrong with each field, "[3].args.ms" being
/// field <c>args.ms</c> of the fourth job of an array.</remarks>
internal sealed record Problem
{
    public required string Type { get; init; }

    public required string Title { get; init; }

    public required int Status { get; init; }

    public string? Detail { get; init; }

    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors { get; init; }
}
