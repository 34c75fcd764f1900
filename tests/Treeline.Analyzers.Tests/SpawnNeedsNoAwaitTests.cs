using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Treeline.Analyzers.Tests;

/// <summary>CS4014 goes where a child is spawned, and stays wherever else a call is not awaited.</summary>
public sealed class SpawnNeedsNoAwaitTests
{
    private static readonly ImmutableArray<MetadataReference> s_references =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(static path => MetadataReference.CreateFromFile(path)),
    ];

    [Theory]
    [InlineData("scope.Spawn(ct => Task.Delay(1, ct));")]
    [InlineData("scope.Spawn(async ct => await Task.Delay(1, ct), \"named\");")]
    [InlineData("scope.Spawn<int>(async ct => { await Task.Yield(); return 1; });")]
    [InlineData("scope.Spawn(ct => Task.FromResult(1));")]
    [InlineData("Treeline.TaskScope.Open().Spawn(ct => Task.Delay(1, ct));")]
    [InlineData("scope.SpawnScope(async own => await Task.Yield());")]
    [InlineData("scope.SpawnBlocking(ct => Thread.Sleep(1));")]
    [InlineData("scope.SpawnBlocking(ct => 1, \"named\");")]
    [InlineData("Treeline.JoinSet<int>.Open().Spawn(ct => Task.FromResult(1));")]
    [InlineData("await scope.Spawn(async ct => { scope.Spawn(c => Task.Delay(1, c)); await Task.Yield(); });")]
    public async Task A_spawned_child_needs_no_await(string statement) =>
        Assert.True(Assert.Single(await NotAwaitedAsync(statement)).IsSuppressed);

    [Theory]
    [InlineData("Task.Delay(1);")]
    [InlineData("scope.StartAsync(async (ready, ct) => ready.Report());")]
    [InlineData("Other.Spawn(ct => Task.Delay(1, ct));")]
    [InlineData("new NotTreeline.TaskScope().Spawn(ct => Task.Delay(1, ct));")]
    [InlineData("new Foreign.Treeline.TaskScope().Spawn(ct => Task.Delay(1, ct));")]
    [InlineData("Treeline.TaskScope.RunAsync(inner => Task.CompletedTask);")]
    [InlineData("scope.Spawn(ct => Task.FromResult(1)).OutcomeAsync();")]
    [InlineData("scope.Spawn(ct => Task.FromResult(1)).AsTask();")]
    [InlineData("await scope.Spawn(async ct => { Task.Delay(1, ct); await Task.Yield(); });")]
    public async Task Any_other_call_is_still_warned_of(string statement) =>
        Assert.False(Assert.Single(await NotAwaitedAsync(statement)).IsSuppressed);

    private static async Task<IEnumerable<Diagnostic>> NotAwaitedAsync(string statement)
    {
        string source = $$"""
            using System;
            using System.Threading;
            using System.Threading.Tasks;

            public static class Program
            {
                public static async Task MainAsync(Treeline.TaskScope scope)
                {
                    {{statement}}
                    await Task.Yield();
                }
            }

            public sealed class Other
            {
                public static Task Spawn(Func<CancellationToken, Task> work) => work(default);
            }

            namespace NotTreeline
            {
                public sealed class TaskScope
                {
                    public Task Spawn(Func<CancellationToken, Task> work) => work(default);
                }
            }

            namespace Foreign.Treeline
            {
                public sealed class TaskScope
                {
                    public Task Spawn(Func<CancellationToken, Task> work) => work(default);
                }
            }
            """;
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Snippet",
            [CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.Latest))],
            s_references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        Assert.DoesNotContain(compilation.GetDiagnostics(), static found => found.Severity == DiagnosticSeverity.Error);

        ImmutableArray<Diagnostic> reported = await compilation
            .WithAnalyzers(
                [new SpawnNeedsNoAwait()],
                new CompilationWithAnalyzersOptions(
                    new AnalyzerOptions([]), onAnalyzerException: null, concurrentAnalysis: false, logAnalyzerExecutionTime: false,
                    reportSuppressedDiagnostics: true))
            .GetAllDiagnosticsAsync();
        return reported.Where(static found => found.Id == "CS4014");
    }
}
