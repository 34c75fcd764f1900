using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Treeline.App.Wire;
using Treeline.Jobs;

namespace Treeline.App.Commands;

/// <summary><c>treeline jobs show</c>.</summary>
internal static class ShowCommand
{
    public static Command Create(Connection connection)
    {
        var id = new Argument<long>("ID") { Description = "The job's number" };
        var command = new DocumentedCommand("show",
            "Shows everything about one job.",
            """
            Example:
              treeline jobs show 42
            """)
        {
            id,
        };
        return connection.Complete(command, async (session, cancellationToken) =>
        {
            string answer = await session.Client.ShowAsync(session.Parsed.GetValue(id), cancellationToken);
            if (!session.PrintedAsJson(answer))
            {
                Show(session.Screen, Answer.Read(answer, WireJson.Instance.Job));
            }

            return ExitCode.Done;
        });
    }

    public static void Show(IAnsiConsole screen, Job job)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        void Add(string name, string? value)
        {
            if (value is not null)
            {
                grid.AddRow(new Text(name), new Text(Printable.Text(value)));
            }
        }

        Add("Id", job.Id.ToString(CultureInfo.InvariantCulture));
        Add("Type", job.Type);
        Add("Arguments", job.Args?.GetRawText());
        grid.AddRow(new Text("State"), JobText.State(job.State));
        Add("", job.CancelRequested && job.State == JobState.Running ? "told to stop" : null);
        Add("Attempts", $"{job.Attempts} of {job.MaxAttempts}");
        Add("Priority", job.Priority.ToString(CultureInfo.InvariantCulture));
        Add("Created", JobText.Time(job.CreatedAt));
        Add("Due", job.State == JobState.Pending ? JobText.Time(job.RunAt) : null);
        Add("Started", job.StartedAt is { } started ? JobText.Time(started) : null);
        Add("Finished", job.FinishedAt is { } finished ? JobText.Time(finished) : null);
        Add("Result", job.Result?.GetRawText());
        Add("Error", job.Error);
        screen.Write(grid);
    }
}
