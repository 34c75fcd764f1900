using System.CommandLine;

namespace Treeline.App.Commands;

/// <summary><c>treeline jobs</c>: everything a client does with a running server.</summary>
internal static class JobsCommand
{
    public static Command Create()
    {
        var connection = new Connection();
        return new DocumentedCommand("jobs",
            "Submits, lists, shows and cancels the jobs of a running server.",
            """
            Examples:
              treeline jobs submit http --args '{"url":"http://localhost:3000/"}' --max-attempts 5
              treeline jobs list --state failed
              treeline jobs status --json
            """)
        {
            SubmitCommand.Create(connection),
            ListCommand.Create(connection),
            ShowCommand.Create(connection),
            CancelCommand.Create(connection),
            StatusCommand.Create(connection),
        };
    }
}
