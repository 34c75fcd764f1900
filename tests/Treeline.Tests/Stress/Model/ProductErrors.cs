using System.Text.RegularExpressions;

namespace Treeline.Tests.Stress.Model;

/// <summary>Says what exceptions of the product mean, in the words of the model.</summary>
internal sealed partial class ProductErrors(
    IReadOnlyDictionary<int, TaskScope> scopes, IReadOnlyDictionary<int, CancellationTokenSource> outer)
{
    /// <summary>Null: no error.</summary>
    public string? Describe(Exception? error)
    {
        switch (error)
        {
            case null:
                return null;
            case ScopeException several:
                Assert.Equal(several.Failures.Select(static failure => failure.Exception), several.InnerExceptions);
                return $"{several.ScopePath} failed "
                    + $"[{string.Join(", ", several.Failures.Select(failure => $"{failure.Path}: {Describe(failure.Exception)}"))}]";
            case OopsException { InnerException: { } wrapped }:
                return $"{error.Message} [{Describe(wrapped)}]";
            case OopsException:
                return error.Message;
            case TimeoutException when PathIn(error) is { } path:
                return $"{path} timed out";
            case AbandonedException abandoned:
                return $"{abandoned.ScopePath} abandons "
                    + string.Join(' ', abandoned.Nodes.Select(static node => node.Path).Order(StringComparer.Ordinal));
            case InvalidOperationException when error.Message.Contains("which has ended", StringComparison.Ordinal):
                return $"{Label(SpawnedIn().Match(error.Message).Groups[1].Value)} has ended";
            case InvalidOperationException when TooFew().Match(error.Message) is { Success: true } match:
                return $"{match.Groups[1].Value} successes are too few";
            case NodeCanceledException cancelled when Unstarted().IsMatch(error.Message):
                Assert.True(cancelled.CancellationToken.IsCancellationRequested);
                return $"{Label(PathIn(error)!)} did not start";
            case NodeCanceledException cancelled:
                return $"{Label(PathIn(error)!)} was cancelled, {NameOf(cancelled.CancellationToken)}";
            case OperationCanceledException when error.Message.StartsWith("error ", StringComparison.Ordinal):
                return error.Message;
            case OperationCanceledException cut:
                Assert.True(cut.CancellationToken.IsCancellationRequested);
                return "cut";
            default:
                return error.ToString();
        }
    }

    private static string Label(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static string? PathIn(Exception error) => FirstQuoted().Match(error.Message) is { Success: true } match
        ? match.Groups[1].Value
        : null;

    private string NameOf(CancellationToken token)
    {
        foreach ((int id, CancellationTokenSource source) in outer)
        {
            if (source.Token == token)
            {
                return $"outer token of s{id}";
            }
        }

        foreach ((int id, TaskScope scope) in scopes)
        {
            if (scope.Token == token)
            {
                return $"token of s{id}";
            }
        }

        return "a token of nobody";
    }

    [GeneratedRegex("^'([^']*)'")]
    private static partial Regex FirstQuoted();

    [GeneratedRegex("^'[^']*' did not start: ")]
    private static partial Regex Unstarted();

    [GeneratedRegex("was spawned in '([^']*)'")]
    private static partial Regex SpawnedIn();

    [GeneratedRegex("^\\d+ of the children had to succeed, and (\\d+) did")]
    private static partial Regex TooFew();
}
