using Microsoft.Playwright;
using Treeline.App.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Treeline.App.Tests.Page;

/// <summary>A tree of thousands: shown short, opened on request, never more elements than fit on the screen.</summary>
[Collection(PageTests.Name)]
public sealed class LargeTreeTests(Chromium chromium) : IAsyncLifetime
{
    private const int Parts = 5000;

    private readonly TestServer _server = new()
    {
        MoreHandlers = handlers => handlers.Add("crowd", async (job, cancellationToken) =>
        {
            for (int i = 1; i <= Parts; i++)
            {
                job.Scope.Spawn(ct => Task.Delay(Timeout.Infinite, ct), $"part {i}");
            }

            await Task.Delay(Timeout.Infinite, cancellationToken);
            return null;
        }),
    };

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_long_group_is_cut_short_opens_on_request_and_draws_only_what_is_in_sight()
    {
        long id = await _server.Http.SubmitAsync("""{"type":"crowd"}""");
        await chromium.VisitAsync(_server.Address, async page =>
        {
            await Expect(page.Node($"job {id} (crowd").First).ToBeVisibleAsync();
            ILocator rest = page.Locator(".row.rest");
            await ScrollToAsync(page, rest);
            await Expect(rest).ToHaveTextAsync("… 4,950 more");
            await Expect(page.Node("part 51")).ToHaveCountAsync(0);

            await rest.ClickAsync();

            await Expect(page.Node("part 51")).ToBeVisibleAsync();
            double rows = await page.Locator(".tree-canvas").EvaluateAsync<double>("canvas => canvas.offsetHeight / 26");
            Assert.True(rows > Parts, $"Only {rows} rows are there to scroll through.");
            Assert.InRange(await page.GetByRole(AriaRole.Treeitem).CountAsync(), 10, 150);

            await Expect(page.ActiveNode()).ToContainTextAsync("part 51");

            // The way back is below all parts; what follows the group is short.
            await page.Keyboard.PressAsync("End");
            for (int i = 0; i < 100 && await page.ActiveNode().TextContentAsync() != "show fewer"; i++)
            {
                await page.Keyboard.PressAsync("ArrowUp");
            }

            await page.Keyboard.PressAsync("ArrowUp");
            await Expect(page.ActiveNode()).ToContainTextAsync($"part {Parts}");
            await page.Keyboard.PressAsync("ArrowDown");
            await page.Keyboard.PressAsync("Enter");
            await Expect(page.ActiveNode()).ToHaveTextAsync("… 4,950 more");
        }, LivePage.Tall);
    }

    /// <summary>Rows out of sight do not exist, so the wheel has to find them.</summary>
    private static async Task ScrollToAsync(IPage page, ILocator row)
    {
        await page.Tree().HoverAsync();
        for (int i = 0; i < 100 && await row.CountAsync() == 0; i++)
        {
            await page.Mouse.WheelAsync(0, 400);
            await Expect(page.GetByRole(AriaRole.Treeitem).First).ToBeAttachedAsync();
        }

        await row.ScrollIntoViewIfNeededAsync();
    }
}
