using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Treeline.Analyzers;

/// <summary>
/// Takes back the compiler's warning CS4014 ("this call is not awaited") where a child is spawned and not awaited. The
/// scope awaits its children and reports their errors, so there is nothing to forget.
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

            SyntaxNode? node = tree.GetRoot(context.CancellationToken).FindNode(diagnostic.Location.SourceSpan);
            InvocationExpressionSyntax? call = node.FirstAncestorOrSelf<InvocationExpressionSyntax>();
            if (call is not null
                && context.GetSemanticModel(tree).GetSymbolInfo(call, context.CancellationToken).Symbol is IMethodSymbol
                {
                    Name: "Spawn", ContainingType: { Name: "TaskScope", ContainingNamespace.Name: "Treeline" },
                })
            {
                context.ReportSuppression(Suppression.Create(s_scopeAwaits, diagnostic));
            }
        }
    }
}
