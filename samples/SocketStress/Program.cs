// Connections that talk, end, break, are cancelled and time out at random, over each kind of runtime in turn; every byte is checked, and
// afterwards what is left open:
//
//   dotnet run -c Release --project samples/SocketStress -- --minutes 10 --seed 1
//
// `--weather ThreadPerCore` stays with that kind.
using System.Diagnostics;
using System.Globalization;
using SocketStress;

TimeSpan round = TimeSpan.FromSeconds(10);
TimeSpan duration = TimeSpan.FromMinutes(double.Parse(Value("--minutes", "1"), CultureInfo.InvariantCulture));
int seed = int.Parse(Value("--seed", "1"), CultureInfo.InvariantCulture);
string only = Value("--weather", string.Empty);
long start = Stopwatch.GetTimestamp();
for (int i = 0; Stopwatch.GetElapsedTime(start) < duration; i++, seed++)
{
    Weather weather = only.Length > 0 ? Enum.Parse<Weather>(only) : (Weather)(i % Enum.GetValues<Weather>().Length);
    Storm storm = StormRound.Run(weather, seed, round < duration ? round : duration);
    Console.WriteLine($"{Stopwatch.GetElapsedTime(start):mm\\:ss} {weather}, seed {seed}: {storm}");
}

string Value(string option, string otherwise) => Array.IndexOf(args, option) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : otherwise;
