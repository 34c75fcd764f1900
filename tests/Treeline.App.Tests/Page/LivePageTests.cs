using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Treeline.App.Tests.Support;
using Xunit.Abstractions;
using static Microsoft.Playwright.Assertions;

namespace Treeline.App.Tests.Page;

/// <summary>The page in a real browser, over a real server.</summary>
[Collection(PageTests.Name)]
public sealed class LivePageTests(Chromium chromium, ITestOutputHelper log) : IDisposable
{
    private const string Hostile = "<img src=x onerror=\"document.title='taken over'\"><b>bold</b>";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_first_visitor_is_told_what_this_is_and_starts_jobs_with_one_click()
    {
        await using ServerProcess server = await StartAsync();
        await chromium.VisitAsync(server.Http.BaseAddress!, async page =>
        {
            await Expect(page.Connection()).ToHaveTextAsync("live");
            await Expect(page.GetByText("Nothing has been queued yet")).ToBeVisibleAsync();
            await Expect(page.Locator("#curl")).ToContainTextAsync($"{server.Http.BaseAddress}jobs");
            await Expect(page.Node("treeline")).ToBeVisibleAsync();

            await page.GetByRole(AriaRole.Button, new() { Name = "Run 20 sleeping jobs" }).ClickAsync();

            await Expect(page.Locator("#submit-outcome")).ToContainTextAsync("20 jobs submitted");
            await Expect(page.GetByText("Nothing has been queued yet")).ToBeHiddenAsync();
            await Expect(page.AnyJob()).ToBeVisibleAsync();
            await Expect(page.Count("completed")).ToHaveTextAsync(new Regex("[1-9]"));
        }, LivePage.Tall);
    }

    [Fact]
    public async Task A_job_is_in_the_tree_while_it_runs_and_is_counted_when_it_ends()
    {
        await using Listener listener = await Listener.StartAsync();
        await using ServerProcess server = await StartAsync();
        await chromium.VisitAsync(server.Http.BaseAddress!, async page =>
        {
            await Expect(page.Count("running")).ToHaveTextAsync("0");
            await Expect(page.Count("workers")).ToHaveTextAsync("2");

            long id = await server.Http.SubmitAsync($$$"""{"type":"http","args":{"url":"{{{listener.Url}}}/gate/page"}}""");
            await Expect(page.Node($"job {id}")).ToBeVisibleAsync();
            await Expect(page.Count("running")).ToHaveTextAsync("1");

            await page.NoteGreyedRowsAsync();
            listener.OpenGate();
            await Expect(page.Node($"job {id}")).ToHaveCountAsync(0);
            Assert.Contains(await page.GreyedRowsAsync(), row => row.StartsWith($"job {id}", StringComparison.Ordinal));
            await Expect(page.Count("running")).ToHaveTextAsync("0");
            await Expect(page.Count("completed")).ToHaveTextAsync("1");
            await Expect(page.Locator("#plot path.completed")).ToHaveAttributeAsync("d", new Regex("^M"));
        }, LivePage.Tall);
    }

    [Fact]
    public async Task A_running_job_opens_from_the_tree_and_is_cancelled_there()
    {
        await using ServerProcess server = await StartAsync();
        await chromium.VisitAsync(server.Http.BaseAddress!, async page =>
        {
            long id = await server.Http.SubmitAsync("""{"type":"sleep","args":{"ms":3600000}}""");
            await page.Node($"job {id}").First.ClickAsync();
            await Expect(page.JobDialog()).ToContainTextAsync("running");
            await Expect(page.JobDialog()).ToContainTextAsync("3600000");

            await page.GetByRole(AriaRole.Button, new() { Name = "Cancel this job" }).ClickAsync();

            await Expect(page.JobDialog().Locator("dd[data-state=cancelled]")).ToBeVisibleAsync();
            await page.Keyboard.PressAsync("Escape");
            await Expect(page.JobDialog()).ToBeHiddenAsync();
            await Expect(page.Node($"job {id}")).ToHaveCountAsync(0);
            await Expect(page.Count("cancelled")).ToHaveTextAsync("1");
        }, LivePage.Tall);
    }

    [Fact]
    public async Task A_failure_is_listed_with_its_error_as_text_whatever_it_says()
    {
        await using ServerProcess server = await StartAsync("--allow-exec", "sh");
        long before = await server.Http.SubmitAsync(Failing(Hostile));
        await server.Http.WaitForStateAsync(before, "failed");
        await chromium.VisitAsync(server.Http.BaseAddress!, async page =>
        {
            await Expect(page.Failure(before)).ToContainTextAsync("exec");

            long id = await server.Http.SubmitAsync(Failing(Hostile));
            await Expect(page.Failure(id)).ToContainTextAsync("1 attempt");
            await Expect(page.Count("failed")).ToHaveTextAsync("2");
            await Expect(page.Locator("#failures li").First).ToContainTextAsync($"#{id}");

            await page.Failure(id).GetByRole(AriaRole.Button).ClickAsync();
            await Expect(page.JobDialog().Locator("pre.error")).ToContainTextAsync(Hostile);
            await Expect(page.Locator("#failures img, #failures b, dialog img, dialog b")).ToHaveCountAsync(0);
            await Expect(page).Not.ToHaveTitleAsync("taken over");
        }, LivePage.Tall);
    }

    [Fact]
    public async Task A_refused_job_is_explained_at_the_field_it_is_about()
    {
        await using ServerProcess server = await StartAsync();
        await chromium.VisitAsync(server.Http.BaseAddress!, async page =>
        {
            ILocator type = page.GetByLabel("Type"), args = page.GetByLabel("Arguments, as JSON");
            ILocator submit = page.GetByRole(AriaRole.Button, new() { Name = "Submit", Exact = true });

            await args.FillAsync("""{ "ms": """);
            await submit.ClickAsync();
            await Expect(page.Locator("#args-error")).ToContainTextAsync("Not JSON");
            await Expect(args).ToBeFocusedAsync();

            await args.FillAsync("""{ "ms": "soon" }""");
            await submit.ClickAsync();
            await Expect(page.Locator("#args-error")).ToContainTextAsync("args.ms");

            await type.FillAsync("slep");
            await submit.ClickAsync();
            await Expect(page.Locator("#type-error")).ToContainTextAsync("slep");
            await Expect(type).ToHaveAttributeAsync("aria-invalid", "true");

            await type.FillAsync("sleep");
            await args.FillAsync("""{ "ms": 1 }""");
            await submit.ClickAsync();
            await Expect(page.Locator("#submit-outcome")).ToHaveTextAsync("Job 1 submitted.");
            await Expect(page.Locator("[aria-invalid]")).ToHaveCountAsync(0);
            await Expect(page.Count("completed")).ToHaveTextAsync("1");
        }, LivePage.Tall, complaints: "status of 400");
    }

    [Fact]
    public async Task A_phone_shows_everything_without_scrolling_sideways()
    {
        await using ServerProcess server = await StartAsync("--allow-exec", "sh");
        await chromium.VisitAsync(server.Http.BaseAddress!, async page =>
        {
            await Expect(page.GetByText("Nothing has been queued yet")).ToBeVisibleAsync();
            await AssertNoSidewaysScrollAsync(page);

            long sleeping = await server.Http.SubmitAsync("""{"type":"sleep","args":{"ms":3600000}}""");
            long failing = await server.Http.SubmitAsync(Failing(new string('x', 600)));
            await Expect(page.Node($"job {sleeping}").First).ToBeVisibleAsync();
            await Expect(page.Failure(failing)).ToBeVisibleAsync();
            await AssertNoSidewaysScrollAsync(page);

            await page.Failure(failing).GetByRole(AriaRole.Button).ClickAsync();
            await Expect(page.JobDialog().Locator("pre.error")).ToContainTextAsync("xxx");
            await AssertNoSidewaysScrollAsync(page);
        }, LivePage.Phone);
    }

    [Fact]
    public async Task Light_and_dark_follow_the_system()
    {
        await using ServerProcess server = await StartAsync();
        await chromium.VisitAsync(server.Http.BaseAddress!, async page =>
        {
            await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
            Assert.True(await BrightnessAsync(page, "backgroundColor") > 200);
            Assert.True(await BrightnessAsync(page, "color") < 60);

            await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
            Assert.True(await BrightnessAsync(page, "backgroundColor") < 40);
            Assert.True(await BrightnessAsync(page, "color") > 200);
        });
    }

    [Fact]
    public async Task Nothing_moves_for_who_prefers_it_so()
    {
        await using ServerProcess server = await StartAsync();
        await chromium.VisitAsync(server.Http.BaseAddress!, async page =>
        {
            ILocator row = page.Node("treeline");
            await Expect(row).Not.ToHaveCSSAsync("transition-property", "none");

            await page.EmulateMediaAsync(new() { ReducedMotion = ReducedMotion.Reduce });
            await Expect(row).ToHaveCSSAsync("transition-property", "none");
        });
    }

    [Fact]
    public async Task A_stopping_server_is_shown_finishing_and_takes_nothing_new()
    {
        await using Listener listener = await Listener.StartAsync();
        await using ServerProcess server = await StartAsync();
        await chromium.VisitAsync(server.Http.BaseAddress!, async page =>
        {
            long id = await server.Http.SubmitAsync($$$"""{"type":"http","args":{"url":"{{{listener.Url}}}/gate/page"}}""");
            await Expect(page.Node($"job {id}")).ToBeVisibleAsync();

            server.Process.Signal(ChildProcess.SigTerm);
            await Expect(page.Connection()).ToContainTextAsync("stopping");
            await Expect(page.Node($"job {id}")).ToBeVisibleAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Submit", Exact = true }).ClickAsync();
            await Expect(page.Locator("#submit-outcome")).ToContainTextAsync("stopping");

            listener.OpenGate();
            Assert.Equal(0, await server.Process.ExitAsync());
        }, LivePage.Tall, complaints: "Failed to load resource");
    }

    [Fact]
    public async Task A_stopped_server_is_waited_for_and_found_again()
    {
        string port;
        ServerProcess first = await StartAsync();
        await using (first)
        {
            port = first.Http.BaseAddress!.Port.ToString(CultureInfo.InvariantCulture);
            await chromium.VisitAsync(first.Http.BaseAddress!, async page =>
            {
                await Expect(page.Connection()).ToHaveTextAsync("live");

                // Looked for from now on: later it says that the server has stopped.
                Task reconnecting = Expect(page.Connection()).ToHaveTextAsync("reconnecting…");
                first.Process.Signal(ChildProcess.SigTerm);
                Assert.Equal(0, await first.Process.ExitAsync());
                await reconnecting;
                await Expect(page).ToHaveTitleAsync("Treeline · not connected");

                await using ServerProcess second = await ServerProcess.StartAsync(
                    log, ChildProcess.Treeline("serve", "--port", port, "--data", _folder.File("jobs.db"), "--workers", "2"));
                await Expect(page.Connection()).ToHaveTextAsync("live");
                long id = await second.Http.SubmitAsync("""{"type":"sleep","args":{"ms":3600000}}""");
                await Expect(page.Node($"job {id}").First).ToBeVisibleAsync();
            }, LivePage.Tall, complaints: "Failed to load resource");
        }
    }

    [Fact]
    public async Task Arrow_keys_walk_open_and_close_the_tree()
    {
        await using ServerProcess server = await StartAsync();
        await chromium.VisitAsync(server.Http.BaseAddress!, async page =>
        {
            await Expect(page.Node("treeline")).ToBeVisibleAsync();
            await page.Tree().FocusAsync();
            await Expect(page.ActiveNode()).ToContainTextAsync("treeline");
            await Expect(page.ActiveNode()).ToHaveAttributeAsync("aria-expanded", "true");
            await Expect(page.Tree()).ToHaveAttributeAsync("aria-activedescendant", await page.ActiveNode().GetAttributeAsync("id") ?? "");

            await page.Keyboard.PressAsync("ArrowRight");
            await Expect(page.ActiveNode()).ToHaveAttributeAsync("aria-level", "2");
            await page.Keyboard.PressAsync("ArrowDown");
            await page.Keyboard.PressAsync("ArrowUp");
            await page.Keyboard.PressAsync("ArrowLeft");
            await Expect(page.ActiveNode()).ToHaveAttributeAsync("aria-expanded", "false");
            await page.Keyboard.PressAsync("ArrowLeft");
            await Expect(page.ActiveNode()).ToHaveAttributeAsync("aria-level", "1");

            await page.Keyboard.PressAsync("ArrowLeft");
            await Expect(page.ActiveNode()).ToHaveAttributeAsync("aria-expanded", "false");
            await Expect(page.GetByRole(AriaRole.Treeitem)).ToHaveCountAsync(1);

            await page.Keyboard.PressAsync("ArrowRight");
            await page.Keyboard.PressAsync("End");
            await Expect(page.GetByRole(AriaRole.Treeitem).Last).ToBeVisibleAsync();
            await Expect(page.ActiveNode()).Not.ToHaveAttributeAsync("aria-level", "1");
        }, LivePage.Tall);
    }

    private Task<ServerProcess> StartAsync(params string[] options) =>
        ServerProcess.StartAsync(log, _folder.File("jobs.db"), ["--workers", "2", .. options]);

    /// <summary>A job that fails once and for all, with this in its error.</summary>
    private static string Failing(string text) => JsonSerializer.Serialize(new
    {
        type = "exec",
        maxAttempts = 1,
        args = new { command = "sh", args = new[] { "-c", "printf %s \"$1\" >&2; exit 3", "sh", text } },
    });

    private static async Task AssertNoSidewaysScrollAsync(IPage page) =>
        Assert.Equal(360, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));

    /// <summary>How bright a colour of the page's body is, from 0 to 255.</summary>
    private static Task<double> BrightnessAsync(IPage page, string property) => page.EvaluateAsync<double>(
        """
        property => {
          const [red, green, blue] = getComputedStyle(document.body)[property].match(/\d+/g).map(Number);
          return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        }
        """, property);
}
