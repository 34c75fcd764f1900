using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Console;
using Treeline.App.Server;
using Treeline.App.Wire;
using Treeline.Jobs;

namespace Treeline.App.Commands;

/// <summary><c>treeline serve</c>: runs the job server until Ctrl-C or SIGTERM.</summary>
internal sealed class ServeCommand
{
    private const string DefaultUrl = "http://127.0.0.1:8080";
    private const string Pool = "pool";
    private const string Treeline = "treeline";

    private readonly Option<string?> _urls = new("--urls")
    {
        Description = $"Where to listen; several are separated by ';'. Default: {DefaultUrl}",
        HelpName = "URLS",
    };

    private readonly Option<int?> _port = new("--port", "-p")
    {
        Description = "Listen on this port of 127.0.0.1 (0: any free one) instead of --urls",
        HelpName = "PORT",
    };

    private readonly Option<string?> _data = new("--data")
    {
        Description = "The file to keep jobs in. Default: treeline/jobs.db in your data directory",
        HelpName = "FILE",
    };

    private readonly Option<int?> _workers = new("--workers")
    {
        Description = "How many jobs run at once. Default: four for each processor",
        HelpName = "N",
    };

    private readonly Option<string> _runtime = new("--runtime")
    {
        Description = "What jobs run on: the .NET thread pool, or Treeline's own threads",
        HelpName = $"{Pool}|{Treeline}",
        DefaultValueFactory = _ => Pool,
    };

    private readonly Option<string[]> _allowExec = new("--allow-exec")
    {
        Description = "A command that 'exec' jobs may run; repeat it, or separate by ','. Default: none, so no 'exec' jobs",
        HelpName = "COMMAND",
    };

    private readonly Option<TimeSpan?> _grace = new("--grace")
    {
        Description = "How long running jobs may go on when the server stops. Default: 30s",
        HelpName = "TIME",
        CustomParser = Duration.Parse,
    };

    private readonly Option<TimeSpan?> _patience = new("--patience")
    {
        Description = "How long cancelled jobs may clean up before they are named and left behind. Default: 5s",
        HelpName = "TIME",
        CustomParser = Duration.Parse,
    };

    private readonly Option<TimeSpan?> _lease = new("--lease")
    {
        Description = "How long after a server's last sign of life its jobs are run by another. Default: 30s",
        HelpName = "TIME",
        CustomParser = Duration.Parse,
    };

    private readonly Option<long> _maxBody = new("--max-body")
    {
        Description = "The largest request body, in bytes",
        HelpName = "BYTES",
        DefaultValueFactory = _ => ServeOptions.DefaultMaxBody,
    };

    private readonly Option<bool> _verbose = new("--verbose", "-v")
    {
        Description = "Log more than warnings, to standard error",
    };

    private ServeCommand()
    {
    }

    public static Command Create()
    {
        var serve = new ServeCommand();
        var command = new DocumentedCommand("serve",
            "Runs the job server until Ctrl-C or SIGTERM.",
            """
            On the first signal it takes no new jobs and lets running ones finish within --grace; on the second, or
            after that time, it cancels them. Unfinished jobs run again at the next start.
            Ends with 0 when everything stopped, 3 when something would not.
            With OTEL_EXPORTER_OTLP_ENDPOINT set, traces and metrics are sent there.

            Examples:
              treeline serve
              treeline serve --port 9000 --data ./jobs.db --workers 16
              treeline serve --allow-exec ffmpeg --allow-exec convert
              treeline serve --runtime treeline
            """)
        {
            serve._urls, serve._port, serve._data, serve._workers, serve._runtime, serve._allowExec, serve._grace,
            serve._patience, serve._lease, serve._maxBody, serve._verbose,
        };
        serve._port.Validators.Add(result => Require(result, serve._port, port => port is >= 0 and <= 65_535, "from 0 to 65535"));
        serve._runtime.AcceptOnlyFromAmong(Pool, Treeline);
        serve._workers.Validators.Add(result => Require(result, serve._workers, workers => workers is >= 1 and <= 10_000, "from 1 to 10000"));
        serve._lease.Validators.Add(result => Require(result, serve._lease, lease => lease >= TimeSpan.FromSeconds(1), "at least 1s"));
        serve._maxBody.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<long>() is < 1 or > int.MaxValue)
            {
                result.AddError($"--max-body must be from 1 to {int.MaxValue}.");
            }
        });
        command.Validators.Add(result =>
        {
            if (result.GetResult(serve._urls) is { Implicit: false } && result.GetResult(serve._port) is { Implicit: false })
            {
                result.AddError("--urls and --port exclude each other.");
            }
        });
        command.SetAction((parsed, cancellationToken) => serve.RunAsync(parsed, cancellationToken));
        return command;
    }

    /// <summary>Names what would not stop, and returns the exit code.</summary>
    public static int Conclude(ShutdownReport report, TextWriter error)
    {
        foreach (string path in report.StillRunning)
        {
            error.WriteLine($"treeline: would not stop, left behind: {path}");
        }

        return report.Clean ? ExitCode.Done : ExitCode.Abandoned;
    }

    private static void Require<T>(OptionResult result, Option<T?> option, Predicate<T> holds, string what)
        where T : struct
    {
        if (result.Errors.Any() || result.Tokens.Count == 0)
        {
            return;
        }

        if (result.GetValue(option) is { } value && !holds(value))
        {
            result.AddError($"{option.Name} must be {what}; this is {result.Tokens[0].Value}.");
        }
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ServeOptions options = Read(parsed);
        // Listen first: a signal that comes while things open is not lost.
        using var signals = StopSignals.OfProcess();
        using IDisposable dump = TaskTree.DumpOnQuit();
        using TelemetryExport? export = TelemetryExport.FromEnvironment();
        using ILoggerFactory loggers = CreateLoggers(parsed.GetValue(_verbose));
        foreach (string url in options.Urls.Where(url => !HttpFront.IsLoopback(url)))
        {
            loggers.CreateLogger("Treeline.Server").ListensToNetwork(url);
        }

        JobHandlers handlers = new JobHandlers().AddSleep().AddCpu().AddHttp().AddExec(options.AllowedCommands);
        var server = new TreelineServer(options, handlers, signals, loggers)
        {
            Started = (addresses, runtime) => Greet(addresses, options.DataFile, runtime),
            Stopping = hard => Console.Error.WriteLine(hard
                ? "treeline: cancelling what still runs"
                : "treeline: stopping; running jobs may finish (once more to cancel them)"),
        };
        ShutdownReport report;
        try
        {
            report = await server.RunAsync(cancellationToken);
        }
        catch (IOException inUse) when (inUse.InnerException is AddressInUseException)
        {
            throw new CommandException($"{inUse.Message.TrimEnd('.')}; choose another port with --port (0: any free one).", inUse);
        }
        catch (JobStoreException error)
        {
            throw new CommandException($"{error.Message} (--data names the file.)", error);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            throw new CommandException($"cannot listen on {string.Join(", ", options.Urls)}: {error.Message}", error);
        }

        return Conclude(report, Console.Error);
    }

    private ServeOptions Read(ParseResult parsed) => new()
    {
        Urls = ReadUrls(parsed),
        DataFile = Path.GetFullPath(parsed.GetValue(_data) ?? DataFile.Default),
        AllowedCommands = [.. (parsed.GetValue(_allowExec) ?? []).SelectMany(
            names => names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
        Workers = parsed.GetValue(_workers),
        Runtime = parsed.GetValue(_runtime) == Treeline ? JobRuntime.Treeline : JobRuntime.Pool,
        Grace = parsed.GetValue(_grace),
        Patience = parsed.GetValue(_patience),
        Lease = parsed.GetValue(_lease),
        MaxBody = parsed.GetValue(_maxBody),
    };

    private string[] ReadUrls(ParseResult parsed)
    {
        if (parsed.GetValue(_port) is { } port)
        {
            return [string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")];
        }

        string[] urls = (parsed.GetValue(_urls) ?? DefaultUrl).Split(
            ';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (string url in urls)
        {
            // "http://*:80" is every address of this machine, though no URL. So would any other name be to the web server,
            // which nobody expects who writes one.
            string parsable = url.Replace("//*", "//0.0.0.0", StringComparison.Ordinal);
            if (!Uri.TryCreate(parsable, UriKind.Absolute, out Uri? address) || address.Scheme != Uri.UriSchemeHttp
                || address.PathAndQuery != "/" || (address.HostNameType == UriHostNameType.Dns && address.Host != "localhost"))
            {
                throw new CommandException(
                    $"--urls: '{url}' is not an address to listen on; write it as {DefaultUrl}, with an IP address, localhost, or * for all. (For https, put a proxy in front.)");
            }
        }

        if (urls.Contains("http://localhost:0"))
        {
            // It is two addresses, of IPv4 and IPv6, and two free ports would differ.
            throw new CommandException("--urls: localhost has no free port of its own; write http://127.0.0.1:0.");
        }

        return urls.Length > 0 ? urls : throw new CommandException("--urls names no address.");
    }

    private static ILoggerFactory CreateLoggers(bool verbose) => LoggerFactory.Create(logging => logging
        .SetMinimumLevel(verbose ? LogLevel.Debug : LogLevel.Warning)
        .AddFilter("Microsoft", LogLevel.Warning)
        // It would tell of a failed start, with a stack, what is told in a line here.
        .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
            console.ColorBehavior = Console.IsErrorRedirected ? LoggerColorBehavior.Disabled : LoggerColorBehavior.Default;
        })
        .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));

    private static void Greet(IReadOnlyList<string> addresses, string dataFile, RuntimeMetrics? runtime)
    {
        string url = addresses[0];
        foreach (string any in (ReadOnlySpan<string>)["0.0.0.0", "[::]"])
        {
            url = url.Replace($"//{any}:", "//localhost:", StringComparison.Ordinal);
        }

        string jobs = runtime is null ? string.Empty : $"\n  jobs    on {RuntimeText.Of(RuntimeBody.Of(runtime))}";
        Console.Out.WriteLine(
            $$$"""
            Listening on {{{string.Join(", ", addresses)}}}
              page    {{{url}}}/
              data    {{{dataFile}}}{{{jobs}}}
              submit  curl -d '{"type":"sleep","args":{"ms":5000}}' {{{url}}}/jobs
            """);
    }
}
