using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Treeline.App.Tests.Page;

/// <summary>The parts of the page by the names a reader would give them.</summary>
internal static class LivePage
{
    /// <summary>Tall enough that every row of a small tree is in sight: rows out of sight do not exist.</summary>
    public static readonly BrowserNewContextOptions Tall = new() { ViewportSize = new() { Width = 1280, Height = 1600 } };

    public static readonly BrowserNewContextOptions Phone = new() { ViewportSize = new() { Width = 360, Height = 1600 }, HasTouch = true };

    public static ILocator Connection(this IPage page) => page.Locator("#connection");

    public static ILocator Tree(this IPage page) => page.GetByRole(AriaRole.Tree);

    public static ILocator Node(this IPage page, string name) =>
        page.GetByRole(AriaRole.Treeitem).Filter(new() { HasTextRegex = new Regex($@"^{Regex.Escape(name)}(?!\d)") });

    public static ILocator AnyJob(this IPage page) =>
        page.GetByRole(AriaRole.Treeitem).Filter(new() { HasTextRegex = new Regex(@"^job \d") }).First;

    /// <summary>From now on, notes the rows that are greyed because what they show has ended: they stay for a second.</summary>
    public static Task NoteGreyedRowsAsync(this IPage page) => page.EvaluateAsync(
        """
        () => {
          const canvas = document.querySelector('.tree-canvas');
          window.greyed = [];
          new MutationObserver(() => {
            for (const row of canvas.querySelectorAll('.row.gone')) window.greyed.push(row.textContent);
          }).observe(canvas, { subtree: true, childList: true, attributeFilter: ['class'] });
        }
        """);

    public static Task<string[]> GreyedRowsAsync(this IPage page) => page.EvaluateAsync<string[]>("() => window.greyed");

    /// <summary>The row that the keyboard is at.</summary>
    public static ILocator ActiveNode(this IPage page) => page.Locator(".row.active");

    public static ILocator Count(this IPage page, string name) => page.Locator($"[data-count={name}] dd");

    public static ILocator Failure(this IPage page, long id) =>
        page.Locator("#failures li").Filter(new() { Has = page.GetByText($"#{id}", new() { Exact = true }) });

    public static ILocator JobDialog(this IPage page) => page.GetByRole(AriaRole.Dialog);
}
