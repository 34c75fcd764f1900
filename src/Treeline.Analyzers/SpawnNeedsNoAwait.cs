using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Treeline.Analyzers;

/// <summary>
/// Takes back the compiler's warning CS4014 ("this call is not awaited") where a child is spawned and not awaited. The
/// scope (that of a join set or a runtime, too) awaits its children and reports their errors, so there is nothing to forget.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class SpawnNeedsNoAwait : DiagnosticSuppressor
{
    private static readonly SuppressionDescriptor s_scopeAwaits = new(
        "TREE9001", "CS4014", "The scope awaits each child that is spawned in it.");

    /// <inheritdoc/>
    public override ImmutableArray<SuppressionDescriptor> SupportedSuppressions { get; } = [s_scopeAwaits];

    /// <inheritdoc/>
    public override void ReportSuppressions(SuppressionAnalysisContext context)
    {
        foreach (Diagnostic diagnostic in context.ReportedDiagnostics)
        {
            if (diagnostic.Location.SourceTree is not { } tree)
            {
                continue;
            }

            // The warning sits on the call itself: one further out, such as the spawn of the lambda it is in, is not meant.
            SyntaxNode node = tree.GetRoot(context.CancellationToken).FindNode(diagnostic.Location.SourceSpan);
            if (node is InvocationExpressionSyntax call
                && context.GetSemanticModel(tree).GetSymbolInfo(call, context.CancellationToken).Symbol is IMethodSymbol
                {
                    Name: "Spawn" or "SpawnScope" or "SpawnBlocking", ContainingType:
                    {
                        Name: "TaskScope" or "JoinSet" or "RuntimeHandle",
                        ContainingNamespace: { Name: "Treeline", ContainingNamespace.IsGlobalNamespace: true },
                    },
                })
            {
                context.ReportSuppression(Suppression.Create(s_scopeAwaits, diagnostic));
            }
        }
    }
}
