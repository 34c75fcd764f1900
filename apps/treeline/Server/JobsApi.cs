using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json.Serialization.Metadata;
using Treeline.App.Wire;
using Treeline.Jobs;

namespace Treeline.App.Server;

/// <summary>The endpoints under <c>/jobs</c>, and <c>/status</c>.</summary>
internal sealed class JobsApi(JobServer jobs, ServerStatus status, long maxBody)
{
    private const int DefaultPage = 50;
    private const int MaxPage = 1_000;

    private static readonly string[] s_listParameters = ["state", "limit", "after"];

    public void Map(WebApplication app)
    {
        app.MapPost("/jobs", SubmitAsync);
        app.MapGet("/jobs", ListAsync);
        app.MapGet("/jobs/{id}", ShowAsync);
        app.MapDelete("/jobs/{id}", CancelAsync);
        app.MapGet("/status", StatusAsync);
    }

    private async Task SubmitAsync(HttpContext context)
    {
        JobRequest request = JobRequestReader.Read(await ReadBodyAsync(context));
        if (status.Stopping)
        {
            throw Problems.Stopping();
        }

        IReadOnlyList<long> ids;
        try
        {
            ids = await jobs.SubmitAsync(request.Jobs, context.RequestAborted);
        }
        catch (InvalidJobException invalid)
        {
            throw Problems.InvalidJobs(
                [.. invalid.Problems.Select(problem =>
                    new FieldError(request.FieldName(problem.Index, problem.Field), problem.Message.TrimEnd('.')))]);
        }

        // The location of an array is the list that its jobs are in.
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.Location =
            request.IsArray ? "/jobs" : string.Create(CultureInfo.InvariantCulture, $"/jobs/{ids[0]}");
        SubmittedBody body = request.IsArray ? new SubmittedBody(null, ids) : new SubmittedBody(ids[0], null);
        await AnswerAsync(context, body, SparseJson.Instance.SubmittedBody);
    }

    private async Task ListAsync(HttpContext context)
    {
        var errors = new List<FieldError>();
        JobState? state = null;
        int limit = DefaultPage;
        long? after = null;
        foreach ((string name, var values) in context.Request.Query)
        {
            string value = values.ToString();
            switch (name)
            {
                case "state":
                    state = ReadState(value, errors);
                    break;
                case "limit":
                    if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > MaxPage)
                    {
                        errors.Add(new FieldError(name, $"must be a whole number from 1 to {MaxPage}; this is '{value}'"));
                    }

                    break;
                case "after":
                    after = ParseId(value);
                    if (after is null)
                    {
                        errors.Add(new FieldError(name, $"must be a job's id, the last page's \"next\"; this is '{value}'"));
                    }

                    break;
                default:
                    errors.Add(new FieldError(name, Suggestion.For(name, s_listParameters) is { } meant
                        ? $"unknown parameter; did you mean {meant}?"
                        : $"unknown parameter; there are {string.Join(", ", s_listParameters)}"));
                    break;
            }
        }

        if (errors.Count > 0)
        {
            throw Problems.InvalidParameters(errors);
        }

        JobPage page = await jobs.ListAsync(state, after, limit, context.RequestAborted);
        var body = new JobPageBody(page.Jobs, page.Next);
        await AnswerAsync(context, body, WireJson.Instance.JobPageBody);
    }

    private async Task ShowAsync(HttpContext context)
    {
        long id = ReadId(context);
        Job job = await jobs.FindAsync(id, context.RequestAborted) ?? throw Problems.NoSuchJob(id);
        await AnswerAsync(context, job, WireJson.Instance.Job);
    }

    private async Task CancelAsync(HttpContext context)
    {
        long id = ReadId(context);
        JobState state;
        switch (await jobs.CancelAsync(id, context.RequestAborted))
        {
            case CancelResult.Cancelled:
                state = JobState.Cancelled;
                break;
            case CancelResult.Requested:
                // Told to stop; it is cancelled once its cleanup has run.
                state = JobState.Running;
                context.Response.StatusCode = StatusCodes.Status202Accepted;
                break;
            case CancelResult.AlreadyFinished:
                throw Problems.AlreadyFinished(id);
            default:
                throw Problems.NoSuchJob(id);
        }

        await AnswerAsync(context, new CancelledBody(id, state), WireJson.Instance.CancelledBody);
    }

    private async Task StatusAsync(HttpContext context)
    {
        StatusBody body = await status.ReadAsync(context.RequestAborted);
        await AnswerAsync(context, body, WireJson.Instance.StatusBody);
    }

    private static Task AnswerAsync<T>(HttpContext context, T body, JsonTypeInfo<T> type)
    {
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(body, type, contentType: null, context.RequestAborted);
    }

    private static JobState? ReadState(string value, List<FieldError> errors)
    {
        foreach (JobState state in Enum.GetValues<JobState>())
        {
            if (string.Equals(value, state.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                return state;
            }
        }

        string names = string.Join(", ", Enum.GetNames<JobState>()).ToLowerInvariant();
        errors.Add(new FieldError("state", $"must be one of {names}; this is '{value}'"));
        return null;
    }

    private static long ReadId(HttpContext context)
    {
        string text = (string)context.Request.RouteValues["id"]!;
        return ParseId(text) ?? throw Problems.InvalidParameters(
            [new FieldError("id", $"must be a job's id, a whole number from 1 on; this is '{text}'")]);
    }

    private static long? ParseId(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long id) && id > 0 ? id : null;

    /// <summary>The whole body, refused as soon as it is known to be too large.</summary>
    private async Task<byte[]> ReadBodyAsync(HttpContext context)
    {
        if (context.Request.ContentLength > maxBody)
        {
            throw Problems.BodyTooLarge(maxBody);
        }

        PipeReader reader = context.Request.BodyReader;
        while (true)
        {
            ReadResult read;
            try
            {
                read = await reader.ReadAsync(context.RequestAborted);
            }
            catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge)
            {
                // The web server counted faster.
                throw Problems.BodyTooLarge(maxBody);
            }

            if (read.Buffer.Length > maxBody)
            {
                throw Problems.BodyTooLarge(maxBody);
            }

            if (read.IsCompleted)
            {
                byte[] body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
