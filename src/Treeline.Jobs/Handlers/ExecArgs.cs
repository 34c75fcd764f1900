using System.Text.Json;

namespace Treeline.Jobs;

/// <summary>The arguments of <c>exec</c>.</summary>
internal sealed record ExecArgs(
    string Command,
    IReadOnlyList<string> Arguments,
    string? Input,
    long? TimeoutMs,
    IReadOnlyList<KeyValuePair<string, string>> Environment)
{
    public static ExecArgs Read(JsonElement? args, IReadOnlySet<string> allowedCommands, out ArgsError? error)
    {
        var reader = new ArgsReader(args, "command", "args", "stdin", "timeoutMs", "env");
        string command = reader.RequiredText("command");
        if (!allowedCommands.Contains(command))
        {
            reader.Fail("command", allowedCommands.Count == 0
                ? "cannot be run: this server allows no commands."
                : $"must be one of the commands this server allows, written exactly so: {string.Join(", ", allowedCommands)}.");
        }

        IReadOnlyList<string> arguments = reader.Texts("args");
        string? input = reader.Text("stdin");
        long? timeout = reader.Number("timeoutMs", 1, 86_400_000);
        IReadOnlyList<KeyValuePair<string, string>> environment = reader.TextMap("env");
        foreach ((string name, _) in environment)
        {
            if (name.Length == 0 || name.AsSpan().IndexOfAny('=', '\0') >= 0)
            {
                reader.Fail($"env.{name}", "must have a name without '='.");
            }
        }

        error = reader.Error;
        return new ExecArgs(command, arguments, input, timeout, environment);
    }
}
