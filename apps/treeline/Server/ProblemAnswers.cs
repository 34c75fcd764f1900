using Treeline.App.Wire;
using Treeline.Jobs;

namespace Treeline.App.Server;

/// <summary>Turns everything that goes wrong with a request into problem details, and checks where it came from
/// before anything else looks at it.</summary>
internal sealed class ProblemAnswers(ILogger log)
{
    public async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        ProblemException? problem = null;
        try
        {
            RequestGuard.Check(context);
            await next(context);
            problem = context.Response switch
            {
                { HasStarted: true } => null,
                { StatusCode: StatusCodes.Status404NotFound } => Problems.NoSuchPath(context.Request),
                { StatusCode: StatusCodes.Status405MethodNotAllowed } =>
                    Problems.NoSuchMethod(context.Request, context.Response.Headers.Allow.ToString()),
                _ => null,
            };
        }
        catch (ProblemException refused)
        {
            problem = refused;
        }
        catch (BadHttpRequestException bad)
        {
            problem = Problems.BadRequest(bad.Message, bad.StatusCode);
        }
        catch (JobStoreException failed)
        {
            log.RequestFailed(context.Request.Method, context.Request.Path, failed);
            problem = Problems.StoreFailed(failed.Message);
        }
        catch (OperationCanceledException)
        {
            // The reader left, or the server stops and a stream ends with it.
            problem = context.Response.HasStarted || context.RequestAborted.IsCancellationRequested ? null : Problems.Stopping();
        }
        catch (Exception error)
        {
            log.RequestFailed(context.Request.Method, context.Request.Path, error);
            problem = Problems.Unexpected();
        }

        if (problem is not null)
        {
            await AnswerAsync(context, problem.Problem);
        }
    }

    private static async Task AnswerAsync(HttpContext context, Problem problem)
    {
        if (context.Response.HasStarted)
        {
            // Too late to say it; a cut connection at least does not look like success.
            context.Abort();
            return;
        }

        var allow = context.Response.Headers.Allow;
        context.Response.Clear();
        context.Response.Headers.Allow = allow;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        if (problem.Status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = "5";
        }

        if (problem.Status == StatusCodes.Status413PayloadTooLarge)
        {
            // The rest of the body is not read, so the web server will cut the connection: a client that was not told
            // may send its next request on it.
            context.Response.Headers.Connection = "close";
        }

        context.Response.StatusCode = problem.Status;
        await context.Response.WriteAsJsonAsync(
            problem, SparseJson.Instance.Problem, "application/problem+json", CancellationToken.None);
    }
}
