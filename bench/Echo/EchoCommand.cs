using System.CommandLine;

namespace Treeline.Bench.Echo;

/// <summary><c>bench echo</c>: TCP echo servers side by side.</summary>
internal static class EchoCommand
{
    private const int PinnedRounds = 5;
    private const int UnpinnedRounds = 3;

    /// <summary>The command, and the one by which it starts the servers that are written in C#.</summary>
    public static IEnumerable<Command> All(Option<FileInfo> file)
    {
        var filter = new Argument<string>("filter")
        {
            Description = "Only loads whose name contains this, such as '64 B' or 'depth 16'.",
            DefaultValueFactory = static _ => string.Empty,
        };
        var table = new Option<bool>("--table") { Description = "Measure everything and rewrite the table of echo servers." };
        var echo = new Command("echo", "Serve TCP echo, and compare with .NET's sockets, Tokio and C. Linux only.")
        {
            filter, table, file,
        };
        echo.SetAction(arguments =>
        {
            bool isTable = arguments.GetValue(table);
            EchoReport? report = Measure(isTable ? string.Empty : arguments.GetValue(filter)!);
            if (report is null)
            {
                return 2;
            }

            Console.WriteLine(report);
            if (isTable)
            {
                report.WriteInto(arguments.GetValue(file)!.FullName);
            }

            return 0;
        });

        var kind = new Argument<string>("kind");
        var workers = new Argument<int>("workers");
        var server = new Command("echo-server", "One of the servers.") { kind, workers };
        server.Hidden = true;
        server.SetAction(arguments => Servers.EchoServer.Run(arguments.GetValue(kind)!, arguments.GetValue(workers)));

        return [echo, server];
    }

    private static EchoReport? Measure(string filter)
    {
        if (!File.Exists(EchoSide.LoadGenerator))
        {
            Console.Error.WriteLine("There is no load generator: bench/peers/c/build makes it.");
            return null;
        }

        EchoLoad[] loads = [.. EchoLoad.All.Where(load => load.ToString().Contains(filter, StringComparison.OrdinalIgnoreCase))];
        if (loads.Length == 0)
        {
            Console.Error.WriteLine($"No load's name contains '{filter}'. There are: {string.Join("; ", EchoLoad.All)}.");
            return null;
        }

        EchoSide[] sides = [.. EchoSide.Ours, .. EchoSide.Others];
        string versions = string.Join(", ", sides.Select(VersionOf).Distinct());
        return new EchoReport(
            EchoSeries.Measure(sides, loads, PinnedRounds, workers: 1, pinned: true),
            EchoSeries.Measure(sides, loads, UnpinnedRounds, workers: 2, pinned: false),
            sides.ToDictionary(static side => side, EchoFigures.Measure),
            versions);
    }

    private static string VersionOf(EchoSide side)
    {
        using EchoProcess server = EchoProcess.Start(side, workers: 1, pinned: true);
        return server.Version;
    }
}
