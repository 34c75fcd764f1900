namespace Treeline.Jobs;

/// <summary>
/// <see cref="JobState"/> inside SQL text. Literals, because SQLite uses a partial index only where the query's text, not
/// a parameter, shows that it applies.
/// </summary>
internal static class StateCode
{
    public const string Pending = "0";
    public const string Running = "1";
    public const string Succeeded = "2";
    public const string Failed = "3";
    public const string Cancelled = "4";
}
