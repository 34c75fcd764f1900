namespace Treeline.App.Commands;

/// <summary>A command cannot go on. The message is all the user needs: what happened, to what, what to do.</summary>
internal sealed class CommandException(string message, Exception? cause = null) : Exception(message, cause);
