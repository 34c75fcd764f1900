using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Treeline.App.Wire;
using Treeline.Jobs;

namespace Treeline.App.Commands;

/// <summary><c>treeline jobs list</c>.</summary>
internal static class ListCommand
{
    private const int ErrorWidth = 80;

    public static Command Create(Connection connection)
    {
        var state = new Option<string?>("--state")
        {
            Description = "Only jobs in this state",
            HelpName = "STATE",
        };
        state.AcceptOnlyFromAmong([.. Enum.GetNames<JobState>().Select(name => name.ToLowerInvariant())]);
        var limit = new Option<int>("--limit")
        {
            Description = "How many at most, up to 1000",
            HelpName = "N",
            DefaultValueFactory = _ => 20,
        };
        var after = new Option<long?>("--after")
        {
            Description = "Go on after the job with this id, the last one of the page before",
            HelpName = "ID",
        };
        var command = new DocumentedCommand("list",
            "Lists jobs, newest first.",
            """
            Examples:
              treeline jobs list
              treeline jobs list --state failed --limit 100 --json
            """)
        {
            state, limit, after,
        };
        return connection.Complete(command, async (session, cancellationToken) =>
        {
            string answer = await session.Client.ListAsync(
                session.Parsed.GetValue(state), session.Parsed.GetValue(limit), session.Parsed.GetValue(after), cancellationToken);
            if (session.PrintedAsJson(answer))
            {
                return ExitCode.Done;
            }

            Show(session.Screen, Answer.Read(answer, WireJson.Instance.JobPageBody));
            return ExitCode.Done;
        });
    }

    private static void Show(IAnsiConsole screen, JobPageBody page)
    {
        if (page.Jobs.Count == 0)
        {
            screen.WriteLine("No jobs.");
            return;
        }

        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn(new TableColumn("Id").RightAligned());
        table.AddColumns("Type", "State", "Attempts", "Created", "Error");
        foreach (Job job in page.Jobs)
        {
            table.AddRow(
                new Text(job.Id.ToString(CultureInfo.InvariantCulture)),
                new Text(Printable.Line(job.Type, ErrorWidth)),
                JobText.State(job.State),
                new Text($"{job.Attempts}/{job.MaxAttempts}"),
                new Text(JobText.Time(job.CreatedAt)),
                new Text(Printable.Line(job.Error ?? "", ErrorWidth)));
        }

        screen.Write(table);
        if (page.Next is { } next)
        {
            screen.WriteLine($"More: --after {next}");
        }
    }
}
