using System.Net;

namespace Treeline.App.Server;

/// <summary>Keeps other web sites out.</summary>
/// <remarks>
/// A server on localhost is reachable from every page the user's browser has open, and bodies are taken whatever
/// their content type says, so no preflight protects it. Three checks do:
/// <list type="bullet">
/// <item><c>Origin</c>, which browsers send along with everything that could change something, must be this server's own.</item>
/// <item><c>Sec-Fetch-Site</c> must not say the request came from elsewhere, except for following a link here.</item>
/// <item><c>Host</c> must name this machine when the request came over loopback: a foreign name there is one that was
/// rebound to 127.0.0.1 to get around the first two.</item>
/// </list>
/// Programs such as curl send none of the first two headers and are let through.
/// </remarks>
internal static class RequestGuard
{
    /// <exception cref="Wire.ProblemException">The request was sent by another site's page.</exception>
    public static void Check(HttpContext context)
    {
        HttpRequest request = context.Request;
        bool overLoopback = context.Connection.LocalIpAddress is { } address && IPAddress.IsLoopback(address);
        if (overLoopback && !NamesThisMachine(request.Host.Host))
        {
            throw Problems.ForeignRequest(
                $"Host is '{request.Host}', but this server is only known as localhost, 127.0.0.1 or [::1] here.");
        }

        if (request.Headers.Origin is [var origin, ..]
            && !string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase))
        {
            throw Problems.ForeignRequest($"Origin is '{origin}', which is not this server's own.");
        }

        if (request.Headers["Sec-Fetch-Site"] is [var site, ..] && site is not ("same-origin" or "none")
            && !FollowsLink(request))
        {
            throw Problems.ForeignRequest($"Sec-Fetch-Site is '{site}': a page of another origin sent this.");
        }
    }

    private static bool NamesThisMachine(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));

    private static bool FollowsLink(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && request.Headers["Sec-Fetch-Mode"] is ["navigate"];
}
