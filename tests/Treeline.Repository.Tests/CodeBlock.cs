using Markdig;
using Markdig.Syntax;

namespace Treeline.Repository.Tests;

/// <summary>
/// A C# block of a Markdown page. An HTML comment right above it that starts with <c>given:</c> holds code that the
/// example leaves out (say, an <c>api</c> it calls); readers do not see it.
/// </summary>
public sealed record CodeBlock(string Page, int Line, string Code, string Given)
{
    public override string ToString() => $"{Page}:{Line}";

    public static IEnumerable<CodeBlock> AllIn(string root, IEnumerable<string> pages)
    {
        foreach (string page in pages)
        {
            Block? previous = null;
            foreach (Block block in Markdown.Parse(File.ReadAllText(Path.Combine(root, page))))
            {
                if (block is FencedCodeBlock { Info: "csharp" } code)
                {
                    yield return new CodeBlock(page, block.Line + 1, code.Lines.ToString(), GivenBy(previous));
                }

                previous = block;
            }
        }
    }

    private static string GivenBy(Block? block)
    {
        const string Start = "<!-- given:";
        string text = (block as HtmlBlock)?.Lines.ToString() ?? string.Empty;
        return text.StartsWith(Start, StringComparison.Ordinal)
            ? text[Start.Length..text.LastIndexOf("-->", StringComparison.Ordinal)]
            : string.Empty;
    }
}
