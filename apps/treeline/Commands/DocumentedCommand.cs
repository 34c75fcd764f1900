using System.CommandLine;

namespace Treeline.App.Commands;

/// <summary>A command with a summary for lists of commands, and more to read in its own help.</summary>
internal sealed class DocumentedCommand(string name, string summary, string details) : Command(name, summary)
{
    /// <summary>What follows the standard help: behaviour, examples.</summary>
    public string Details => details;
}
