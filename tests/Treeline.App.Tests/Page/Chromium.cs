using Microsoft.Playwright;

namespace Treeline.App.Tests.Page;

/// <summary>One browser for all tests of the page; each visit has a context of its own.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] s_arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        // Generous, because other tests keep the same few cores busy; waiting ends as soon as the condition holds.
        Assertions.SetDefaultExpectTimeout(30_000);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = FindExecutable(), Args = s_arguments });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    /// <summary>Opens the page, lets the body look at it, and then expects that the browser had nothing to complain
    /// about: no script error, no blocked or failed load, except those whose text contains one of <paramref name="complaints"/>.</summary>
    internal async Task VisitAsync(Uri address, Func<IPage, Task> body, BrowserNewContextOptions? options = null, params string[] complaints)
    {
        await using IBrowserContext context = await _browser!.NewContextAsync(options ?? new());
        IPage page = await context.NewPageAsync();
        var heard = new List<string>();
        page.Console += (_, message) => Hear(message.Type is "error" or "warning" ? $"{message.Text} ({message.Location})" : null);
        page.PageError += (_, error) => Hear(error);

        await page.GotoAsync(address.ToString());
        await body(page);

        lock (heard)
        {
            Assert.DoesNotContain(heard, text => !complaints.Any(text.Contains));
        }

        void Hear(string? text)
        {
            if (text is not null)
            {
                lock (heard)
                {
                    heard.Add(text);
                }
            }
        }
    }

    private static string FindExecutable() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, "chromium"))
            .FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("The tests of the page need 'chromium' on the PATH: run ./test, which installs it, or apt-get install chromium.");
}
