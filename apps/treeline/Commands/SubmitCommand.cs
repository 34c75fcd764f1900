using System.Buffers;
using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Spectre.Console;
using Treeline.App.Client;
using Treeline.App.Wire;
using Treeline.Jobs;

namespace Treeline.App.Commands;

/// <summary><c>treeline jobs submit</c>.</summary>
internal sealed class SubmitCommand
{
    private readonly Argument<string> _type = new("TYPE") { Description = "The kind of job: sleep, cpu, http, exec" };

    private readonly Option<string?> _args = new("--args")
    {
        Description = "Its arguments as JSON; '-' reads them from standard input",
        HelpName = "JSON",
    };

    private readonly Option<int?> _maxAttempts = new("--max-attempts")
    {
        Description = "How often it is tried before it has failed. Default: 3",
        HelpName = "N",
    };

    private readonly Option<TimeSpan?> _delay = new("--delay")
    {
        Description = "How long to wait before it may run, e.g. 30s",
        HelpName = "TIME",
        CustomParser = Duration.Parse,
    };

    private readonly Option<int?> _priority = new("--priority")
    {
        Description = "Jobs with higher ones run first, -1000 to 1000. Default: 0",
        HelpName = "N",
    };

    private readonly Option<int> _count = new("--count")
    {
        Description = "Submit this many of it, all or none",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<bool> _wait = new("--wait")
    {
        Description = "Wait until it has finished; ends with 0 only if it succeeded",
    };

    private SubmitCommand()
    {
    }

    public static Command Create(Connection connection)
    {
        var submit = new SubmitCommand();
        var command = new DocumentedCommand("submit",
            "Submits a job.",
            """
            Examples:
              treeline jobs submit sleep --args '{"ms":1000}' --wait
              treeline jobs submit cpu --args '{"n":5000000}' --count 100
              echo '{"url":"http://localhost:3000/"}' | treeline jobs submit http --args - --delay 5m
            """)
        {
            submit._type, submit._args, submit._maxAttempts, submit._delay, submit._priority, submit._count, submit._wait,
        };
        submit._count.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && !result.Errors.Any() && result.GetValueOrDefault<int>() is < 1 or > 10_000)
            {
                result.AddError("--count must be from 1 to 10000.");
            }
        });
        return connection.Complete(command, submit.RunAsync);
    }

    private async Task<int> RunAsync(Connection.Session session, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> body = await WriteBodyAsync(session.Parsed, cancellationToken);
        if (!session.Parsed.GetValue(_wait))
        {
            string answer = await session.Client.SubmitAsync(body, cancellationToken);
            if (!session.PrintedAsJson(answer))
            {
                session.Screen.WriteLine(Describe(Ids(answer)));
            }

            return ExitCode.Done;
        }

        // Listening comes first, so that no job can finish unheard.
        using JobWatch watch = await session.Client.WatchAsync(cancellationToken);
        IReadOnlyList<long> ids = Ids(await session.Client.SubmitAsync(body, cancellationToken));
        await watch.WaitAsync(ids, cancellationToken);
        return await ShowFinishedAsync(session, ids, cancellationToken);
    }

    private async Task<ReadOnlyMemory<byte>> WriteBodyAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string? args = parsed.GetValue(_args);
        if (args == "-")
        {
            args = await Console.In.ReadToEndAsync(cancellationToken);
        }

        using JsonDocument? document = args is null ? null : ParseArgs(args);
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        int count = parsed.GetValue(_count);
        if (count == 1)
        {
            WriteJob(writer, parsed, document);
        }
        else
        {
            writer.WriteStartArray();
            for (int i = 0; i < count; i++)
            {
                WriteJob(writer, parsed, document);
            }

            writer.WriteEndArray();
        }

        await writer.FlushAsync(cancellationToken);
        return buffer.WrittenMemory;
    }

    private static JsonDocument ParseArgs(string args)
    {
        try
        {
            return JsonDocument.Parse(args);
        }
        catch (JsonException error)
        {
            throw new CommandException($"--args is not JSON: {error.Message}", error);
        }
    }

    private void WriteJob(Utf8JsonWriter writer, ParseResult parsed, JsonDocument? args)
    {
        writer.WriteStartObject();
        writer.WriteString("type", parsed.GetValue(_type));
        if (args is not null)
        {
            writer.WritePropertyName("args");
            args.WriteTo(writer);
        }

        if (parsed.GetValue(_maxAttempts) is { } maxAttempts)
        {
            writer.WriteNumber("maxAttempts", maxAttempts);
        }

        if (parsed.GetValue(_delay) is { } delay)
        {
            writer.WriteString("delay", delay.ToString("c", CultureInfo.InvariantCulture));
        }

        if (parsed.GetValue(_priority) is { } priority)
        {
            writer.WriteNumber("priority", priority);
        }

        writer.WriteEndObject();
    }

    private static async Task<int> ShowFinishedAsync(
        Connection.Session session, IReadOnlyList<long> ids, CancellationToken cancellationToken)
    {
        var answers = new List<string>();
        foreach (long id in ids)
        {
            answers.Add(await session.Client.ShowAsync(id, cancellationToken));
        }

        List<Job> jobs = [.. answers.Select(answer => Answer.Read(answer, WireJson.Instance.Job))];
        string json = ids.Count == 1 ? answers[0] : $$"""{"jobs":[{{string.Join(',', answers)}}]}""";
        if (!session.PrintedAsJson(json))
        {
            Show(session.Screen, jobs);
        }

        return jobs.TrueForAll(job => job.State == JobState.Succeeded) ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Show(IAnsiConsole screen, List<Job> jobs)
    {
        if (jobs.Count == 1)
        {
            ShowCommand.Show(screen, jobs[0]);
            return;
        }

        foreach (IGrouping<JobState, Job> group in jobs.GroupBy(job => job.State).OrderBy(group => group.Key))
        {
            screen.WriteLine($"{group.Count()} {group.Key.ToString().ToLowerInvariant()}");
        }
    }

    private static IReadOnlyList<long> Ids(string answer)
    {
        SubmittedBody body = Answer.Read(answer, SparseJson.Instance.SubmittedBody);
        return body.Ids ?? (body.Id is { } id ? [id] : throw new CommandException("the server's answer names no job"));
    }

    private static string Describe(IReadOnlyList<long> ids)
    {
        if (ids.Count == 1)
        {
            return $"Submitted job {ids[0]}.";
        }

        var text = new StringBuilder($"Submitted {ids.Count} jobs: ");
        bool inARow = ids[^1] - ids[0] == ids.Count - 1;
        return text.Append(inARow ? $"{ids[0]} to {ids[^1]}" : string.Join(", ", ids)).Append('.').ToString();
    }
}
