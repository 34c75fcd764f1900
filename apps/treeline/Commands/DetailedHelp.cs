using System.CommandLine;
using System.CommandLine.Invocation;

namespace Treeline.App.Commands;

/// <summary>The standard help, followed by what the command has to say beyond its options.</summary>
internal sealed class DetailedHelp(SynchronousCommandLineAction standard, string rootDetails) : SynchronousCommandLineAction
{
    /// <summary>Help helps also where the rest of the command line is wrong.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int code = standard.Invoke(parseResult);
        string? details = parseResult.CommandResult.Command switch
        {
            DocumentedCommand command => command.Details,
            RootCommand => rootDetails,
            _ => null,
        };
        if (details is not null)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(details);
        }

        return code;
    }
}
