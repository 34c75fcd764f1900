// A producer that makes twice as much as the consumer can handle, and what becomes of it under each policy:
//
//   dotnet run --project samples/Backpressure -- wait            (drop-newest, drop-oldest, fail, unbounded)
//   dotnet run --project samples/Backpressure -- plot FILE.svg   runs all of them and draws their memory
using Backpressure;

(string Name, string Title, Func<Scene, Task> RunAsync)[] policies =
[
    ("unbounded", "unbounded", Unbounded.RunAsync),
    ("wait", "wait", Waiting.RunAsync),
    ("drop-newest", "drop newest", DroppingNewest.RunAsync),
    ("drop-oldest", "drop oldest", DroppingOldest.RunAsync),
    ("fail", "fail", Failing.RunAsync),
];

if (args is ["plot", string file])
{
    var curves = new List<(string Title, MemoryCurve Curve)>();
    foreach (var policy in policies)
    {
        curves.Add((policy.Title, await ShowAsync(policy.Name, policy.RunAsync)));
    }

    await File.WriteAllTextAsync(file, Plot.Draw(curves));
    return 0;
}

if (args is [string name] && Array.Find(policies, policy => policy.Name == name) is { RunAsync: { } run })
{
    await ShowAsync(name, run);
    return 0;
}

Console.Error.WriteLine($"Give one of {string.Join(", ", policies.Select(static policy => policy.Name))}, or: plot FILE.svg");
return 2;

static async Task<MemoryCurve> ShowAsync(string name, Func<Scene, Task> runAsync)
{
    var scene = new Scene();
    MemoryCurve curve = await MemoryCurve.RecordAsync(() => runAsync(scene));
    Console.WriteLine(
        $"{name}: made {scene.Made}, handled {scene.Handled}, dropped or refused {scene.Lost}; "
        + $"at most {curve.PeakMegabytes:F1} MB in {curve.Duration.TotalSeconds:F1} s");
    return curve;
}
