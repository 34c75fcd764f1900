using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Treeline.App.Wire;

namespace Treeline.App.Commands;

/// <summary>The command line: <c>treeline</c> and everything below it.</summary>
internal static class TreelineCommand
{
    private const string Details =
        """
        Examples:
          treeline serve                                   run the job server
          treeline jobs submit sleep --args '{"ms":1000}'  give it something to do
          treeline jobs list --state failed                see what went wrong
        """;

    /// <summary>Parses and runs. Returns an <see cref="ExitCode"/>. Cancellation: none; <c>serve</c> listens to signals
    /// itself, and every other command may end anywhere.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Runs durable jobs and shows everything that runs as one live tree.")
        {
            HelpName = "treeline",
        };
        root.Subcommands.Add(ServeCommand.Create());
        root.Subcommands.Add(JobsCommand.Create());
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new DetailedHelp((SynchronousCommandLineAction)help.Action!, Details);
        ParseResult parsed = root.Parse(args);
        if (parsed.Action is ParseErrorAction error)
        {
            // A mistake gets its message. A page of help on top would push it out of sight, unless help is what is wanted.
            error.ShowHelp = parsed.CommandResult.Command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count == 0;
            invocation.Output = Console.Error;
        }

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
        catch (Exception defect)
        {
            await Console.Error.WriteLineAsync($"treeline: this should not have happened: {defect}");
            return ExitCode.Failed;
        }
    }
}
