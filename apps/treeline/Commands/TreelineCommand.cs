using System.CommandLine;
using Treeline.App.Wire;

namespace Treeline.App.Commands;

/// <summary>The command line: <c>treeline</c> and everything below it.</summary>
internal static class TreelineCommand
{
    /// <summary>Parses and runs. Returns an <see cref="ExitCode"/>. Cancellation: none; <c>serve</c> listens to signals
    /// itself, and every other command may end anywhere.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand(
            """
            Runs durable jobs and shows everything that runs as one live tree.

            Examples:
              treeline serve                                   run the job server
              treeline jobs submit sleep --args '{"ms":1000}'  give it something to do
              treeline jobs list --state failed                see what went wrong
            """)
        {
            HelpName = "treeline",
        };
        root.Subcommands.Add(ServeCommand.Create());
        root.Subcommands.Add(JobsCommand.Create());
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        ParseResult parsed = root.Parse(args);
        try
        {
            int code = await parsed.InvokeAsync(invocation);
            return parsed.Errors.Count > 0 ? ExitCode.Usage : code;
        }
        catch (ProblemException refused)
        {
            await Console.Error.WriteLineAsync(ProblemText.Of(refused.Problem));
            return ExitCode.Failed;
        }
        catch (CommandException told)
        {
            await Console.Error.WriteLineAsync($"treeline: {told.Message}");
            return ExitCode.Failed;
        }
    }
}
