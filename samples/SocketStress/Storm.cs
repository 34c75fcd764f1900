using System.Diagnostics;
using Treeline;

namespace SocketStress;

/// <summary>
/// Many clients at a time, each in one random conversation after another with a server on the same executors, over TCP and Unix
/// sockets, until the time is over and each <see cref="Ending"/> has happened. What goes otherwise than planned fails it, and says in
/// which conversation.
/// </summary>
internal sealed class Storm(int seed, TimeSpan duration)
{
    private const int Clients = 32;

    private readonly long[] _endings = new long[Enum.GetValues<Ending>().Length];
    private long _last;

    public async Task RunAsync(IReadOnlyList<Executor> executors, CancellationToken ct)
    {
        try
        {
            await TaskScope.RunAsync(async scope => await RunAsync(scope, executors), ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new StormException($"Seed {seed}: {e.Message}", e);
        }
    }

    public override string ToString() =>
        $"{_endings.Sum()} conversations: {string.Join(", ", _endings.Select(static (count, ending) => $"{(Ending)ending} {count}"))}";

    private async Fiber RunAsync(TaskScope scope, IReadOnlyList<Executor> executors)
    {
        var doors = new List<Door>();
        try
        {
            foreach (Executor executor in executors)
            {
                doors.Add(await OpenAsync(scope, executor, Door.OverTcp));
                doors.Add(await OpenAsync(scope, executor, Door.OverTcp));
                doors.Add(await OpenAsync(scope, executor, Door.OverUnix));
            }

            await TaskScope.RunAsync(
                async clients =>
                {
                    for (int i = 0; i < Clients; i++)
                    {
                        clients.SpawnScope(
                            async home => { home.Spawn(async ct => await ConverseAsync(doors, ct)); },
                            new ScopeOptions { Executor = executors[i % executors.Count] },
                            name: "client");
                    }
                },
                scope.Token);
        }
        finally
        {
            doors.ForEach(static door => door.Dispose());
        }
    }

    // On the executor: its network is the one that serves then.
    private static async Task<Door> OpenAsync(TaskScope scope, Executor executor, Func<Door> open)
    {
        var opened = new TaskCompletionSource<Door>(TaskCreationOptions.RunContinuationsAsynchronously);
        scope.SpawnScope(
            async home =>
            {
                home.Spawn(async ct =>
                {
                    Door door = open();
                    opened.SetResult(door);
                    await Server.ServeAsync(home, door, ct);
                });
            },
            new ScopeOptions { Executor = executor },
            name: "server");
        return await opened.Task.WaitAsync(scope.Token);
    }

    private async Fiber ConverseAsync(List<Door> doors, CancellationToken ct)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration || _endings.Contains(0))
        {
            long number = Interlocked.Increment(ref _last);
            var random = new Random((int)((seed * 1_000_003L) + number));
            Plan plan = Plan.Draw(random, number);
            await Client.ConverseAsync(doors[(int)(number % doors.Count)], plan, random.Next(), ct);
            Interlocked.Increment(ref _endings[(int)plan.Ending]);
        }
    }
}
