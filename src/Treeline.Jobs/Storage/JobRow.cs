using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>A row of the table of jobs, as Dapper fills it in.</summary>
internal sealed class JobRow
{
    /// <summary>The columns, under the names of the properties.</summary>
    public const string Columns = """
        id AS Id, type AS Type, args AS Args, state AS State, attempts AS Attempts, max_attempts AS MaxAttempts,
        deaths AS Deaths, priority AS Priority, created_at AS CreatedAt, run_at AS RunAt, started_at AS StartedAt,
        finished_at AS FinishedAt, result AS Result, error AS Error, cancel_requested AS CancelRequested,
        fence AS Fence, lease_owner AS LeaseOwner, lease_until AS LeaseUntil
        """;

    private static readonly JsonDocumentOptions s_anyDepth = new() { MaxDepth = int.MaxValue };

    public long Id { get; set; }

    public string Type { get; set; } = string.Empty;

    public string? Args { get; set; }

    public long State { get; set; }

    public int Attempts { get; set; }

    public int MaxAttempts { get; set; }

    public int Deaths { get; set; }

    public int Priority { get; set; }

    public long CreatedAt { get; set; }

    public long RunAt { get; set; }

    public long? StartedAt { get; set; }

    public long? FinishedAt { get; set; }

    public string? Result { get; set; }

    public string? Error { get; set; }

    public bool CancelRequested { get; set; }

    public long Fence { get; set; }

    public string? LeaseOwner { get; set; }

    public long? LeaseUntil { get; set; }

    public Job ToJob() => new()
    {
        Id = Id,
        Type = Type,
        Args = Json(Args),
        State = (JobState)State,
        Attempts = Attempts,
        MaxAttempts = MaxAttempts,
        Priority = Priority,
        CreatedAt = Time(CreatedAt),
        RunAt = Time(RunAt),
        StartedAt = StartedAt is { } started ? Time(started) : null,
        FinishedAt = FinishedAt is { } finished ? Time(finished) : null,
        Result = Json(Result),
        Error = Error,
        CancelRequested = CancelRequested,
    };

    public ClaimedJob ToClaim() => new(Id, Fence, Type, Args, Attempts, MaxAttempts, Time(RunAt), Time(StartedAt!.Value));

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    /// <summary>
    /// The text as JSON, of whatever depth it was accepted with. Text that somebody damaged is given as a string: one bad
    /// row must not make a whole listing fail.
    /// </summary>
    private static JsonElement? Json(string? text)
    {
        if (text is null)
        {
            return null;
        }

        try
        {
            return JsonElement.Parse(text, s_anyDepth);
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(text);
        }
    }
}
