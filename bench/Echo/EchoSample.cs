using System.Globalization;

namespace Treeline.Bench.Echo;

/// <summary>What the load generator saw of one server in one window of time. Times are in nanoseconds.</summary>
internal readonly record struct EchoSample(
    double Requests, double Nanoseconds, double Cpu, double Switches, double P50, double P99, double P999)
{
    public double CpuPerRequest => Cpu / Requests;

    public double SwitchesPerRequest => Switches / Requests;

    public double RequestsPerSecond => Requests / (Nanoseconds / 1e9);

    /// <summary>From the generator's last line: names and values by turns.</summary>
    public static EchoSample Parse(string line)
    {
        string[] words = line.Split(' ');
        return new EchoSample(
            Value("requests"), Value("nanoseconds"), Value("cpu"), Value("switches"), Value("p50"), Value("p99"), Value("p999"));

        double Value(string name) => double.Parse(words[Array.IndexOf(words, name) + 1], CultureInfo.InvariantCulture);
    }
}
