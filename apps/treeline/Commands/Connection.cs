using System.CommandLine;
using Spectre.Console;
using Treeline.App.Client;

namespace Treeline.App.Commands;

/// <summary>What every command under <c>jobs</c> has: which server, and how to show its answer.</summary>
internal sealed class Connection
{
    private const string DefaultServer = "http://127.0.0.1:8080";
    private const string ServerVariable = "TREELINE_SERVER";

    private readonly Option<string?> _server = new("--server")
    {
        Description = $"The server's address. Default: ${ServerVariable}, or {DefaultServer}",
        HelpName = "URL",
    };

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print the server's answer as JSON",
    };

    /// <summary>Adds the options to <paramref name="command"/> and makes <paramref name="run"/> what it does.</summary>
    public Command Complete(Command command, Func<Session, CancellationToken, Task<int>> run)
    {
        command.Options.Add(_server);
        command.Options.Add(_json);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Uri server = ReadServer(parsed);
            using var client = new JobClient(server);
            var session = new Session(parsed, client, parsed.GetValue(_json));
            try
            {
                return await run(session, cancellationToken);
            }
            catch (Exception error) when (error is OperationCanceledException { InnerException: TimeoutException }
                or HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError })
            {
                throw new CommandException(
                    $"no server answers at {server.OriginalString}; start one with 'treeline serve', or name another with --server.", error);
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                throw new CommandException($"the connection to {server.OriginalString} broke: {error.Message}", error);
            }
        });
        return command;
    }

    private Uri ReadServer(ParseResult parsed)
    {
        string? variable = Environment.GetEnvironmentVariable(ServerVariable);
        string text = parsed.GetValue(_server) ?? (string.IsNullOrWhiteSpace(variable) ? DefaultServer : variable);
        return Uri.TryCreate(text, UriKind.Absolute, out Uri? server) && server.Scheme is "http" or "https"
            ? server
            : throw new CommandException($"'{text}' is not a server's address; write it as {DefaultServer}.");
    }

    /// <summary>One command's run: its arguments, its server, and where its answer goes.</summary>
    internal sealed class Session(ParseResult parsed, JobClient client, bool json)
    {
        // Wide enough that a table sent to a file or another program keeps each row on a line.
        private const int WidthOfFiles = 200;

        public ParseResult Parsed => parsed;

        public JobClient Client => client;

        /// <summary>Prints <paramref name="answer"/> if JSON was asked for; else returns false, and the command shows it.</summary>
        public bool PrintedAsJson(string answer)
        {
            if (json)
            {
                Console.Out.WriteLine(answer);
            }

            return json;
        }

        /// <summary>Shows tables and text; no colours unless a terminal takes them.</summary>
        public IAnsiConsole Screen { get; } = CreateScreen();

        private static IAnsiConsole CreateScreen()
        {
            IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
            if (Console.IsOutputRedirected)
            {
                console.Profile.Capabilities.Ansi = false;
                console.Profile.Width = WidthOfFiles;
            }

            return console;
        }
    }
}
