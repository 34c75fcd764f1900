using Treeline.Jobs;

namespace Treeline.App.Server;

/// <summary>The body of <c>POST /jobs</c>, read: the jobs, and whether they came as an array.</summary>
internal sealed record JobRequest(IReadOnlyList<NewJob> Jobs, bool IsArray)
{
    /// <summary>How an error names a field of the job at <paramref name="index"/>.</summary>
    public string FieldName(int index, string field) => FieldName(IsArray, index, field);

    public static string FieldName(bool isArray, int index, string field) => isArray ? $"[{index}].{field}" : field;
}
