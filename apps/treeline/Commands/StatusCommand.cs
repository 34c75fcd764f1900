using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Treeline.App.Wire;

namespace Treeline.App.Commands;

/// <summary><c>treeline jobs status</c>.</summary>
internal static class StatusCommand
{
    private static readonly string[] s_columns =
        ["Pending", "Running", "Completed", "Failed", "Cancelled", "Workers", "Up"];

    public static Command Create(Connection connection)
    {
        var command = new DocumentedCommand("status",
            "Counts the jobs in each state.",
            """
            Example:
              treeline jobs status --json
            """);
        return connection.Complete(command, async (session, cancellationToken) =>
        {
            string answer = await session.Client.StatusAsync(cancellationToken);
            if (!session.PrintedAsJson(answer))
            {
                Show(session.Screen, Answer.Read(answer, WireJson.Instance.StatusBody));
            }

            return ExitCode.Done;
        });
    }

    private static void Show(IAnsiConsole screen, StatusBody status)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns([.. s_columns.Select(name => new TableColumn(name).RightAligned())]);
        long[] counts =
            [status.Pending, status.Running, status.Completed, status.Failed, status.Cancelled, status.Workers];
        var uptime = TimeSpan.FromSeconds(status.UptimeMs / 1_000);
        table.AddRow([.. counts.Select(count => count.ToString(CultureInfo.InvariantCulture)), uptime.ToString()]);
        screen.Write(table);
        if (status.Runtime is { } runtime)
        {
            screen.WriteLine($"Jobs run on {RuntimeText.Of(runtime)}.");
        }

        if (status.Stopping)
        {
            screen.WriteLine("The server is stopping.");
        }
    }
}
