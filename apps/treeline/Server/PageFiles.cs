using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Treeline.App.Server;

/// <summary>The page at <c>/</c>: the files of <c>Web/</c>, which are resources of this assembly.</summary>
internal static class PageFiles
{
    private const string Folder = "Web/";

    // The page needs nothing from anywhere else and runs no script but its own.
    private const string Policy =
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private static readonly FrozenDictionary<string, string> s_contentTypes = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".ico"] = "image/x-icon",
        [".json"] = "application/json; charset=utf-8",
        [".webmanifest"] = "application/manifest+json; charset=utf-8",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static void Map(WebApplication app)
    {
        string[] methods = [HttpMethods.Get, HttpMethods.Head];
        foreach (string resource in Assembly.GetExecutingAssembly().GetManifestResourceNames())
        {
            if (!resource.StartsWith(Folder, StringComparison.Ordinal))
            {
                continue;
            }

            var file = new Lazy<PageFile>(() => Load(resource));
            string path = resource[Folder.Length..];
            app.MapMethods($"/{path}", methods, context => AnswerAsync(context, file.Value));
            if (path == "index.html")
            {
                app.MapMethods("/", methods, context => AnswerAsync(context, file.Value));
            }
        }
    }

    private static PageFile Load(string resource)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        string type = s_contentTypes.GetValueOrDefault(Path.GetExtension(resource), "application/octet-stream");
        string tag = Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8));
        return new PageFile(content, type, new EntityTagHeaderValue($"\"{tag}\""));
    }

    private static async Task AnswerAsync(HttpContext context, PageFile file)
    {
        HttpResponse response = context.Response;
        response.Headers.ETag = file.Tag.ToString();
        // Kept by the browser, but asked about each time, so that a new version shows at once.
        response.Headers.CacheControl = "no-cache";
        response.Headers.ContentSecurityPolicy = Policy;
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(tag => tag.Compare(file.Tag, useStrongComparison: false)
            || tag.Equals(EntityTagHeaderValue.Any)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = file.ContentType;
        response.ContentLength = file.Content.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(file.Content, context.RequestAborted);
        }
    }

    private sealed record PageFile(byte[] Content, string ContentType, EntityTagHeaderValue Tag);
}
