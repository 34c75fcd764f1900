using System.Text;
using Treeline.App.Wire;

namespace Treeline.App.Commands;

/// <summary>A server's problem details as a person reads them.</summary>
internal static class ProblemText
{
    public static string Of(Problem problem)
    {
        var text = new StringBuilder($"treeline: the server refused this ({problem.Status}): {problem.Title}");
        if (problem.Errors is { Count: > 0 } errors)
        {
            foreach ((string field, IReadOnlyList<string> messages) in errors)
            {
                foreach (string message in messages)
                {
                    text.Append('\n').Append("  ").Append(field).Append(": ").Append(message);
                }
            }
        }
        else if (problem.Detail is { Length: > 0 } detail)
        {
            text.Append('\n').Append("  ").Append(detail);
        }

        return Printable.Text(text.ToString());
    }
}
