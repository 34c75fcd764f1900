using System.Globalization;
using Treeline.App.Wire;

namespace Treeline.App.Server;

/// <summary>Every problem this server answers with, in one place.</summary>
internal static class Problems
{
    /// <summary>A body with many bad jobs names this many of its errors; the rest would be the same again.</summary>
    private const int MaxErrors = 100;

    public static ProblemException InvalidJobs(IReadOnlyList<FieldError> errors)
    {
        string first = $"{errors[0].Field}: {errors[0].Message}";
        string end = errors.Count > 1 ? $" (and {errors.Count - 1} more)." : first.EndsWith('?') ? "" : ".";
        return new ProblemException(new Problem
        {
            Type = "urn:treeline:problem:invalid-job",
            Title = "Not a valid job",
            Status = StatusCodes.Status400BadRequest,
            Detail = $"{first}{end} Nothing was enqueued.",
            Errors = ByField(errors),
        });
    }

    public static ProblemException InvalidBody(string detail) => new(new Problem
    {
        Type = "urn:treeline:problem:invalid-body",
        Title = "The body is not JSON that this server takes",
        Status = StatusCodes.Status400BadRequest,
        Detail = $"{detail} Nothing was enqueued.",
    });

    public static ProblemException InvalidParameters(IReadOnlyList<FieldError> errors) => new(new Problem
    {
        Type = "urn:treeline:problem:invalid-parameter",
        Title = "Not a valid parameter",
        Status = StatusCodes.Status400BadRequest,
        Detail = $"{errors[0].Field}: {errors[0].Message}",
        Errors = ByField(errors),
    });

    public static ProblemException BodyTooLarge(long limit) => new(new Problem
    {
        Type = "urn:treeline:problem:body-too-large",
        Title = "The body is too large",
        Status = StatusCodes.Status413PayloadTooLarge,
        Detail = string.Create(CultureInfo.InvariantCulture,
            $"The limit is {limit} bytes. Send the jobs in smaller arrays, or raise --max-body. Nothing was enqueued."),
    });

    public static ProblemException ForeignRequest(string detail) => new(new Problem
    {
        Type = "urn:treeline:problem:foreign-request",
        Title = "Only this server's own page may send requests from a browser",
        Status = StatusCodes.Status403Forbidden,
        Detail = detail,
    });

    public static ProblemException NoSuchJob(long id) => new(new Problem
    {
        Type = "urn:treeline:problem:no-such-job",
        Title = "No such job",
        Status = StatusCodes.Status404NotFound,
        Detail = $"There is no job {id}.",
    });

    public static ProblemException AlreadyFinished(long id) => new(new Problem
    {
        Type = "urn:treeline:problem:already-finished",
        Title = "The job has finished",
        Status = StatusCodes.Status409Conflict,
        Detail = $"Job {id} has finished; there is nothing left to cancel.",
    });

    public static ProblemException Stopping() => new(new Problem
    {
        Type = "urn:treeline:problem:stopping",
        Title = "The server is stopping",
        Status = StatusCodes.Status503ServiceUnavailable,
        Detail = "It takes no new jobs while it stops. Nothing was enqueued; send it again once the server runs.",
    });

    public static ProblemException StoreFailed(string detail) => new(new Problem
    {
        Type = "urn:treeline:problem:store-failed",
        Title = "The jobs could not be read or written",
        Status = StatusCodes.Status503ServiceUnavailable,
        Detail = detail,
    });

    public static ProblemException NoSuchPath(HttpRequest request) => new(new Problem
    {
        Type = "urn:treeline:problem:no-such-path",
        Title = "No such path",
        Status = StatusCodes.Status404NotFound,
        Detail = $"There is nothing at {request.Path}. There is: /, /jobs, /jobs/{{id}}, /status, /events, /tree.",
    });

    public static ProblemException NoSuchMethod(HttpRequest request, string allowed) => new(new Problem
    {
        Type = "urn:treeline:problem:method-not-allowed",
        Title = "Method not allowed",
        Status = StatusCodes.Status405MethodNotAllowed,
        Detail = $"{request.Method} is not possible at {request.Path}; these are: {allowed}.",
    });

    public static ProblemException BadRequest(string detail, int status) => new(new Problem
    {
        Type = "about:blank",
        Title = "Bad request",
        Status = status,
        Detail = detail,
    });

    public static ProblemException Unexpected() => new(new Problem
    {
        Type = "urn:treeline:problem:internal-error",
        Title = "The server failed to answer",
        Status = StatusCodes.Status500InternalServerError,
        Detail = "This is a defect of the server and not of your request; its log has the error.",
    });

    private static Dictionary<string, IReadOnlyList<string>> ByField(IReadOnlyList<FieldError> errors) =>
        errors.Take(MaxErrors)
            .GroupBy(error => error.Field, StringComparer.Ordinal)
            .ToDictionary(
                group => group.Key,
                IReadOnlyList<string> (group) => [.. group.Select(error => error.Message)],
                StringComparer.Ordinal);
}
