using System.Diagnostics;
using System.Globalization;

namespace Treeline.Bench;

/// <summary>
/// A program that does some of the rows in another language (see <c>bench/peers</c>). It lives as long as the bench does
/// and waits for orders: a line <c>row operations</c> in, a line <c>figure cpu_nanoseconds</c> out, both totals.
/// </summary>
internal sealed class Twin : IDisposable
{
    public const string Tokio = "Tokio";
    public const string Go = "Go";

    private readonly Process _process;
    private readonly HashSet<string> _rows;

    private Twin(string name, string file)
    {
        Name = name;
        _process = Process.Start(new ProcessStartInfo(file, [$"{Environment.ProcessorCount}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Version = ReadLine();
        _rows = [.. ReadLine().Split(' ')];
    }

    public string Name { get; }

    /// <summary>Its own words on what it is built with.</summary>
    public string Version { get; }

    /// <summary>Starts each twin that is built; says how to build the others.</summary>
    public static IReadOnlyList<Twin> StartAll()
    {
        var twins = new List<Twin>();
        foreach (string name in (string[])[Tokio, Go])
        {
#pragma warning disable CA1308 // A file's name, not text to compare.
            string program = name.ToLowerInvariant();
#pragma warning restore CA1308
            // Beside the folder of .NET's build outputs: artifacts/bin/<project>/<configuration>.
            string file = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../peers", program));
            if (File.Exists(file))
            {
                twins.Add(new Twin(name, file));
            }
            else
            {
                Console.WriteLine($"without {name}: bench/peers/{program}/build makes its side");
            }
        }

        return twins;
    }

    public bool Does(string row) => _rows.Contains(row);

    public Trial TrialOf(string row) => operations => Task.Run(() =>
    {
        _process.StandardInput.WriteLine($"{row} {operations}");
        string[] answer = ReadLine().Split(' ');
        return new Sample(
            double.Parse(answer[0], CultureInfo.InvariantCulture) / operations,
            double.Parse(answer[1], CultureInfo.InvariantCulture) / operations);
    });

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string ReadLine() =>
        _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The {Name} twin ended early.");
}
