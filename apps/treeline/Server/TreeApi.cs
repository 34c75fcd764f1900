using System.Text.Encodings.Web;
using System.Text.Json;

namespace Treeline.App.Server;

/// <summary><c>GET /tree</c>: everything that runs in this process, as nested JSON.</summary>
internal static class TreeApi
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Map(WebApplication app) => app.MapGet("/tree", AnswerAsync);

    private static async Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        using (var writer = new Utf8JsonWriter(context.Response.BodyWriter, s_options))
        {
            TaskTree.Snapshot().WriteJson(writer);
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }
}
