using System.CommandLine;
using Spectre.Console;
using Treeline.App.Wire;
using Treeline.Jobs;

namespace Treeline.App.Commands;

/// <summary><c>treeline jobs cancel</c>.</summary>
internal static class CancelCommand
{
    public static Command Create(Connection connection)
    {
        var id = new Argument<long>("ID") { Description = "The job's number" };
        var command = new DocumentedCommand("cancel",
            "Cancels a job, also while it runs.",
            """
            Example:
              treeline jobs cancel 42
            """)
        {
            id,
        };
        return connection.Complete(command, async (session, cancellationToken) =>
        {
            string answer = await session.Client.CancelAsync(session.Parsed.GetValue(id), cancellationToken);
            if (!session.PrintedAsJson(answer))
            {
                CancelledBody body = Answer.Read(answer, WireJson.Instance.CancelledBody);
                session.Screen.WriteLine(body.State == JobState.Running
                    ? $"Job {body.Id} is running and was told to stop."
                    : $"Job {body.Id} is cancelled.");
            }

            return ExitCode.Done;
        });
    }
}
