using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Treeline.PublicApi;

namespace Treeline.Repository.Tests;

/// <summary>What the pages show compiles, and what they point at is there.</summary>
public class DocumentationTests
{
    // What the SDK's ImplicitUsings give every program.
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly string[] s_pages =
    [
        .. Directory.EnumerateFiles(Path.Combine(Surfaces.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Surfaces.Root, "*.md"))
            .Select(static page => Path.GetRelativePath(Surfaces.Root, page))
            .Order(StringComparer.Ordinal),
    ];

    private static readonly MetadataReference[] s_references =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(static path => MetadataReference.CreateFromFile(path)),
    ];

    public static TheoryData<string> Pages => [.. s_pages];

    public static TheoryData<string> Blocks =>
        [.. CodeBlock.AllIn(Surfaces.Root, s_pages).Select(static block => block.ToString())];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Each_code_block_compiles(string where)
    {
        CodeBlock block = CodeBlock.AllIn(Surfaces.Root, s_pages).Single(block => block.ToString() == where);
        var parse = new CSharpParseOptions(LanguageVersion.Preview);
        SyntaxTree code = CSharpSyntaxTree.ParseText($"{block.Code}\n{block.Given}", parse);
        bool isProgram = code.GetRoot().ChildNodes().Any(
            static node => node is Microsoft.CodeAnalysis.CSharp.Syntax.GlobalStatementSyntax);
        var compilation = CSharpCompilation.Create(
            "example",
            [code, CSharpSyntaxTree.ParseText(ImplicitUsings, parse)],
            s_references,
            new CSharpCompilationOptions(
                isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
                nullableContextOptions: NullableContextOptions.Enable));

        Assert.Empty(compilation.GetDiagnostics().Where(static each => each.Severity == DiagnosticSeverity.Error));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Each_link_to_a_file_leads_somewhere(string page)
    {
        string folder = Path.GetDirectoryName(Path.Combine(Surfaces.Root, page))!;
        Assert.All(
            Markdown.Parse(File.ReadAllText(Path.Combine(Surfaces.Root, page))).Descendants<LinkInline>()
                .Select(static link => link.Url!)
                .Where(static url => !url.Contains("://", StringComparison.Ordinal) && !url.StartsWith('#')),
            url => Assert.True(Path.Exists(Path.Combine(folder, url.Split('#')[0])), $"{page} links to {url}"));
    }

    [Theory]
    [InlineData("docs/before-and-after.md", "BeforeAndAfter")]
    [InlineData("docs/cancel-safety.md", "CancelSafety")]
    public void The_bugs_are_shown_with_the_code_that_is_tested(string page, string tests)
    {
        string tested = string.Concat(
            Directory.EnumerateFiles(Path.Combine(Surfaces.Root, "tests", "Treeline.Tests", tests), "*.cs")
                .Select(static file => Unindented(File.ReadAllText(file))));
        CodeBlock[] shown = [.. CodeBlock.AllIn(Surfaces.Root, [page])];
        Assert.NotEmpty(shown);
        Assert.All(
            shown,
            block => Assert.True(tested.Contains(Unindented(block.Code), StringComparison.Ordinal), $"No test has the code of {block}."));
    }

    [Fact]
    public void There_are_pages_with_code()
    {
        Assert.Contains("README.md", s_pages);
        Assert.NotEmpty(CodeBlock.AllIn(Surfaces.Root, s_pages));
    }

    private static string Unindented(string code) => string.Concat(
        code.Split('\n').Select(static line => line.Trim()).Where(static line => line != "" && !IsImport(line)).Select(static line => line + '\n'));

    private static bool IsImport(string line) =>
        line.StartsWith("using ", StringComparison.Ordinal) && line.EndsWith(';') && !line.AsSpan(6).ContainsAny(' ', '(');
}
