// Takes the README's pictures of the live page, light and dark, of a real server with real work:
//
//   dotnet run docs/images/live-tree.cs
//
// Takes two minutes, so that the plot is full. Needs chromium on the PATH. The pictures as committed use the fonts
// that Debian calls fonts-inter and fonts-jetbrains-mono; without them the page looks as it does anywhere else.

#:package Microsoft.Playwright
#:property PublishAot=false
#:property NoWarn=$(NoWarn);CA2007

using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

string folder = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
string root = Path.GetFullPath(Path.Combine(folder, "..", ".."));
DirectoryInfo data = Directory.CreateTempSubdirectory("treeline-picture-");

using Process server = StartServer(root, Path.Combine(data.FullName, "jobs.db"));
try
{
    Uri address = await ReadAddressAsync(server);
    using IPlaywright playwright = await Playwright.CreateAsync();
    await using IBrowser browser = await playwright.Chromium.LaunchAsync(new()
    {
        ExecutablePath = "/usr/bin/chromium",
        Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    });
    IPage page = await browser.NewPageAsync(new()
    {
        ViewportSize = new() { Width = 1280, Height = 920 },
        ReducedMotion = ReducedMotion.Reduce,
    });
    await page.GotoAsync(address.ToString());

    using var http = new HttpClient { BaseAddress = address };
    await WorkAsync(http, TimeSpan.FromSeconds(125));

    await TakeAsync(page, ColorScheme.Light, Path.Combine(folder, "live-tree.png"));
    await TakeAsync(page, ColorScheme.Dark, Path.Combine(folder, "live-tree-dark.png"));
}
finally
{
    server.Kill(entireProcessTree: true);
    await server.WaitForExitAsync();
    data.Delete(recursive: true);
}

static Process StartServer(string root, string dataFile) => Process.Start(new ProcessStartInfo(Path.Combine(root, "treeline"))
{
    ArgumentList = { "serve", "--port", "0", "--data", dataFile, "--workers", "8", "--allow-exec", "sh" },
    RedirectStandardOutput = true,
})!;

// The rest of what the server prints is left in the pipe: it is a few lines.
static async Task<Uri> ReadAddressAsync(Process server)
{
    while (await server.StandardOutput.ReadLineAsync() is { } line)
    {
        if (Regex.Match(line, @"^Listening on (http://\S+)") is { Success: true } match)
        {
            return new Uri(match.Groups[1].Value);
        }
    }

    throw new InvalidOperationException("The server ended before it listened.");
}

static async Task TakeAsync(IPage page, ColorScheme scheme, string path)
{
    await page.EmulateMediaAsync(new() { ColorScheme = scheme });
    await page.ScreenshotAsync(new() { Path = path });
}

// Everything the server can do, in waves that end on a high one, with a failure now and then.
static async Task WorkAsync(HttpClient http, TimeSpan time)
{
    var random = new Random(7);
    long start = Stopwatch.GetTimestamp();
    for (TimeSpan left = time; left > TimeSpan.Zero; left = time - Stopwatch.GetElapsedTime(start))
    {
        double wave = 1.2 + Math.Cos(left / TimeSpan.FromSeconds(40) * 2 * Math.PI);
        int count = (int)Math.Round(wave * 2.5 * random.NextDouble());
        List<string> jobs = [.. Enumerable.Range(0, count).Select(_ => Job(random, http.BaseAddress!))];
        if (random.Next(40) == 0)
        {
            jobs.Add(FailingJob(random));
        }

        if (jobs.Count > 0)
        {
            using var body = new StringContent($"[{string.Join(',', jobs)}]", Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await http.PostAsync(new Uri("/jobs", UriKind.Relative), body);
            answer.EnsureSuccessStatusCode();
        }

        await Task.Delay(250);
    }
}

static string Job(Random random, Uri address) => random.Next(10) switch
{
    < 4 => Text($$$"""{"type":"sleep","args":{"ms":{{{random.Next(300, 2000)}}}}}"""),
    < 7 => Text($$$"""{"type":"exec","args":{"command":"sh","args":["-c","sleep 1.{{{random.Next(10)}}}; uname -a"]}}"""),
    < 9 => Text($$$"""{"type":"cpu","args":{"n":{{{random.Next(1_000_000, 20_000_000)}}}}}"""),
    _ => Text($$$"""{"type":"http","args":{"url":"{{{address}}}status"}}"""),
};

static string FailingJob(Random random) => random.Next(3) switch
{
    0 => """{"type":"http","args":{"url":"http://127.0.0.1:9/prices"},"maxAttempts":1}""",
    1 => """{"type":"exec","args":{"command":"sh","args":["-c","echo 'disk full: /var/backups' >&2; exit 28"]},"maxAttempts":1}""",
    _ => """{"type":"http","args":{"url":"http://127.0.0.1:9/rates"},"maxAttempts":3}""",
};

static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
