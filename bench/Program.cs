using System.CommandLine;
using Treeline.Bench;
using Treeline.Bench.Echo;

var filter = new Argument<string>("filter")
{
    Description = "Only rows whose name contains this.",
    DefaultValueFactory = static _ => string.Empty,
};
var file = new Option<FileInfo>("--file")
{
    Description = "The page whose table is replaced.",
    DefaultValueFactory = static _ => new FileInfo("docs/performance.md"),
};

var run = new Command("run", "Measure and print.") { filter };
run.SetAction((arguments, _) => MeasureAsync(arguments.GetValue(filter)!, static (_, _) => 0));

var table = new Command("table", "Measure everything and rewrite the table in docs/performance.md.") { file };
table.SetAction((arguments, _) => MeasureAsync(string.Empty, (measurements, twins) =>
{
    ResultTable.WriteInto(arguments.GetValue(file)!.FullName, measurements, twins);
    return 0;
}));

var check = new Command("check", "Measure; exit with 1 when something is beyond its ceiling by more than its spread.") { filter };
check.SetAction((arguments, _) => MeasureAsync(arguments.GetValue(filter)!, static (measurements, _) =>
{
    List<string> broken = [.. measurements.SelectMany(static measurement => measurement.Broken)];
    broken.ForEach(static what => Console.WriteLine($"beyond its ceiling: {what}"));
    return broken.Count == 0 ? 0 : 1;
}));

var bench = new RootCommand("Treeline's speed, paired with .NET's own and with others'. Run it alone on a quiet machine.")
{
    run, table, check,
};
foreach (Command command in EchoCommand.All(file))
{
    bench.Add(command);
}

return await bench.Parse(args).InvokeAsync();

static async Task<int> MeasureAsync(string filter, Func<List<Measurement>, IReadOnlyList<Twin>, int> conclude)
{
    IReadOnlyList<Twin> twins = Twin.StartAll();
    try
    {
        var measurements = new List<Measurement>();
        IEnumerable<Row> rows =
        [
            .. SpawnRows.All, .. ChainRows.All, .. CancelRows.All, .. IdleRows.All, .. DrainRows.All, .. LatencyRows.All,
            .. CombinatorRows.All, .. SetRows.All, .. ChannelRows.All, .. SyncRows.All, .. TimerRows.All, .. SelectRows.All,
            .. StreamRows.All,
        ];
        foreach (Row row in rows.Where(row => row.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)))
        {
            foreach (Measurement measurement in await Contest.HoldAsync(row, twins))
            {
                Console.WriteLine(ResultTable.Line(measurement));
                measurements.Add(measurement);
            }
        }

        return conclude(measurements, twins);
    }
    finally
    {
        foreach (Twin twin in twins)
        {
            twin.Dispose();
        }
    }
}
