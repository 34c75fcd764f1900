using System.Globalization;
using System.Runtime.CompilerServices;

namespace Treeline.Testing;

/// <summary>
/// Runs concurrent code on one thread, in virtual time, in an order drawn from a seed. The same seed is the same order, so
/// a race that one seed shows can be run again and again, with a debugger; many seeds find it.
/// </summary>
/// <remarks>
/// <para>Whenever something waits, the seed decides which of all that is ready goes on; when nothing is ready, the clock moves to
/// the next timer. Code between two awaits is not interrupted: what threads do to each other in there, only threads show.</para>
/// <para>The order is that of the seed as long as the code stays on its thread: awaits bring it back. What runs elsewhere
/// (<c>Task.Run</c>, <c>ConfigureAwait(false)</c>, a scope with an executor of its own, real input and output) is waited
/// for, but comes back whenever it does.</para>
/// </remarks>
public static class Deterministic
{
    internal const string SeedVariable = "TREELINE_SEED";

    /// <summary>
    /// Runs <paramref name="body"/> with a new scope under the schedule of <paramref name="seed"/>, and returns when
    /// everything in the scope has ended. The calling thread waits meanwhile.
    /// </summary>
    /// <param name="seed">Which schedule.</param>
    /// <param name="body">Gets the scope to spawn in, and the clock.</param>
    /// <param name="name">How the scope is shown in the tree and in errors; by default the method that runs it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="DeterministicException">
    /// It failed, or (<see cref="StuckException"/>) can never end. The message says how to run it again.
    /// </exception>
    public static void Run(
        int seed,
        Func<Simulation, Task> body,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        RunOne<Nothing>(seed, (run, simulation) => TaskScope.RunAsync(
            scope => body(simulation(run.Enter(scope))), run.Options(name), CancellationToken.None, name, file, line));
    }

    /// <inheritdoc cref="Run(int, Func{Simulation, Task}, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static void Run(
        int seed,
        Func<Simulation, ValueTask> body,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        RunOne<Nothing>(seed, (run, simulation) => TaskScope.RunAsync(
            scope => body(simulation(run.Enter(scope))), run.Options(name), CancellationToken.None, name, file, line));
    }

    /// <inheritdoc cref="Run(int, Func{Simulation, Task}, string, string, int)"/>
    [OverloadResolutionPriority(2)]
    public static void Run(
        int seed,
        Func<Simulation, Fiber> body,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        RunOne<Nothing>(seed, (run, simulation) => TaskScope.RunAsync(
            scope => body(simulation(run.Enter(scope))), run.Options(name), CancellationToken.None, name, file, line));
    }

    /// <inheritdoc cref="Run(int, Func{Simulation, Task}, string, string, int)"/>
    /// <typeparam name="T">The type of the body's result.</typeparam>
    /// <returns>The body's result.</returns>
    public static T Run<T>(
        int seed,
        Func<Simulation, Task<T>> body,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunOne<T>(seed, (run, simulation) => TaskScope.RunAsync(
            scope => body(simulation(run.Enter(scope))), run.Options(name), CancellationToken.None, name, file, line));
    }

    /// <inheritdoc cref="Run{T}(int, Func{Simulation, Task{T}}, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static T Run<T>(
        int seed,
        Func<Simulation, ValueTask<T>> body,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunOne<T>(seed, (run, simulation) => TaskScope.RunAsync(
            scope => body(simulation(run.Enter(scope))), run.Options(name), CancellationToken.None, name, file, line));
    }

    /// <inheritdoc cref="Run{T}(int, Func{Simulation, Task{T}}, string, string, int)"/>
    [OverloadResolutionPriority(2)]
    public static T Run<T>(
        int seed,
        Func<Simulation, Fiber<T>> body,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunOne<T>(seed, (run, simulation) => TaskScope.RunAsync(
            scope => body(simulation(run.Enter(scope))), run.Options(name), CancellationToken.None, name, file, line));
    }

    /// <summary>
    /// Runs <paramref name="body"/> under <paramref name="schedules"/> schedules, one after the other, until one fails.
    /// </summary>
    /// <remarks>
    /// The seeds are 0, 1, 2 and so on, so that what passed once passes again. The environment variable <c>TREELINE_SEED</c>
    /// makes them begin elsewhere: at a number, to run a seed again that failed; or, if it is <c>random</c>, anywhere, to look
    /// where nobody has looked before.
    /// </remarks>
    /// <param name="schedules">How many.</param>
    /// <param name="body">Gets the scope to spawn in, and the clock. What it does must depend on nothing else.</param>
    /// <param name="firstSeed">Where the seeds begin, whatever the environment says. Null: as above.</param>
    /// <param name="name">How the scope is shown in the tree and in errors; by default the method that runs it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="DeterministicException">It failed under a schedule. The message tells its seed.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="schedules"/> is less than one.</exception>
    public static void Explore(
        int schedules,
        Func<Simulation, Task> body,
        int? firstSeed = null,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        RunMany(schedules, firstSeed, (run, simulation) => TaskScope.RunAsync(
            scope => body(simulation(run.Enter(scope))), run.Options(name), CancellationToken.None, name, file, line));
    }

    /// <inheritdoc cref="Explore(int, Func{Simulation, Task}, int?, string, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static void Explore(
        int schedules,
        Func<Simulation, ValueTask> body,
        int? firstSeed = null,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        RunMany(schedules, firstSeed, (run, simulation) => TaskScope.RunAsync(
            scope => body(simulation(run.Enter(scope))), run.Options(name), CancellationToken.None, name, file, line));
    }

    /// <inheritdoc cref="Explore(int, Func{Simulation, Task}, int?, string, string, int)"/>
    [OverloadResolutionPriority(2)]
    public static void Explore(
        int schedules,
        Func<Simulation, Fiber> body,
        int? firstSeed = null,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        RunMany(schedules, firstSeed, (run, simulation) => TaskScope.RunAsync(
            scope => body(simulation(run.Enter(scope))), run.Options(name), CancellationToken.None, name, file, line));
    }

    /// <summary>Where the seeds begin, given what the environment says.</summary>
    internal static int FirstSeed(string? environment)
    {
        if (string.IsNullOrWhiteSpace(environment))
        {
            return 0;
        }

        if (environment.Trim().Equals("random", StringComparison.OrdinalIgnoreCase))
        {
            return Random.Shared.Next();
        }

        return int.TryParse(environment, NumberStyles.Integer, CultureInfo.InvariantCulture, out int seed)
            ? seed
            : throw new InvalidOperationException(
                $"The environment variable {SeedVariable} is '{environment}'. It has to be a number, the first seed, or 'random'.");
    }

    private static T RunOne<T>(int seed, Func<VirtualRun, Func<TaskScope, Simulation>, Task> open) => RunThread.Run(() =>
    {
        Task ended = RunSeed(seed, 1, open);
        return ((Task<T>)ended).GetAwaiter().GetResult();
    });

    private static void RunMany(int schedules, int? firstSeed, Func<VirtualRun, Func<TaskScope, Simulation>, Task> open)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(schedules, 1);
        int first = firstSeed ?? FirstSeed(Environment.GetEnvironmentVariable(SeedVariable));
        RunThread.Run(() =>
        {
            for (int i = 0; i < schedules; i++)
            {
                RunSeed(unchecked(first + i), i + 1, open);
            }

            return default(Nothing);
        });
    }

    /// <summary>Returns the task of a run that succeeded.</summary>
    private static Task RunSeed(int seed, int schedule, Func<VirtualRun, Func<TaskScope, Simulation>, Task> open)
    {
        var time = new VirtualTime();
        try
        {
            Task ended = VirtualRun.Run(
                time, new SeededOrder(seed), run => open(run, scope => new Simulation(seed, time, scope)));
            ended.GetAwaiter().GetResult();
            return ended;
        }
        catch (Exception e)
        {
            throw new DeterministicException(seed, schedule, e);
        }
    }
}
