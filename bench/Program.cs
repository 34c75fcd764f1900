using System.CommandLine;
using Treeline.Bench;

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
run.SetAction(async (arguments, _) =>
{
    await MeasureAsync(arguments.GetValue(filter)!);
    return 0;
});

var table = new Command("table", "Measure everything and rewrite the table in docs/performance.md.") { file };
table.SetAction(async (arguments, _) =>
{
    ResultTable.WriteInto(arguments.GetValue(file)!.FullName, await MeasureAsync(string.Empty));
    return 0;
});

var check = new Command("check", "Measure; exit with 1 when a ratio is beyond its ceiling by more than its spread.") { filter };
check.SetAction(async (arguments, _) =>
{
    List<Measurement> beyond = [.. (await MeasureAsync(arguments.GetValue(filter)!)).Where(ResultTable.IsBeyond)];
    beyond.ForEach(static measurement => Console.WriteLine($"beyond its ceiling: {measurement.Row.Name}"));
    return beyond.Count == 0 ? 0 : 1;
});

var bench = new RootCommand("Treeline's speed, paired with .NET's own. Run it alone on a quiet machine.") { run, table, check };
return await bench.Parse(args).InvokeAsync();

static async Task<List<Measurement>> MeasureAsync(string filter)
{
    var measurements = new List<Measurement>();
    foreach (Row row in SpawnRows.All.Concat(CancelRows.All))
    {
        if (row.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))
        {
            Measurement measurement = await Measurement.TakeAsync(row);
            Console.WriteLine(ResultTable.Line(measurement));
            measurements.Add(measurement);
        }
    }

    return measurements;
}
