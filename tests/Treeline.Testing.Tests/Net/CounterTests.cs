namespace Treeline.Testing.Tests.Net;

/// <summary>A protocol of requests and retries, over a network that breaks, with a server that crashes: many seeds.</summary>
public sealed class CounterTests
{
    private const int Clients = 2;
    private const int RequestsEach = 3;

    [Fact]
    public void Whatever_the_network_does_each_request_counts_once() =>
        Deterministic.Explore(1_000, static run => CountAsync(run, new Counter()));

    [Fact]
    public void The_bug_that_counts_twice_is_found_and_its_seed_shows_it_again()
    {
        DeterministicException found = Assert.Throws<DeterministicException>(() => Deterministic.Explore(
            1_000, static run => CountAsync(run, new Counter(knowsWhatItHasSeen: false)), firstSeed: 0));
        Assert.Contains($"Seed {found.Seed} failed", found.Message, StringComparison.Ordinal);
        DeterministicException again = Assert.Throws<DeterministicException>(() => Deterministic.Run(
            found.Seed, static run => CountAsync(run, new Counter(knowsWhatItHasSeen: false))));
        Assert.Equal(found.InnerException!.Message, again.InnerException!.Message);
    }

    private static async Fiber CountAsync(Simulation run, Counter counter)
    {
        var net = new SimNet(run) { Conditions = new SimConditions { MaxLatency = TimeSpan.FromMilliseconds(300), ConnectionLoss = 0.1 } };
        SimHost server = net.Host("server");
        TaskScope? others = null;
        _ = run.Scope.SpawnScope(async inner =>
        {
            others = inner;
            inner.Spawn(ct => server.KeepRunningAsync(counter.ServeAsync, ct));
            await MakeTroubleAsync(run, net, server, inner.Token);
        });
        await TaskScope.RunAsync(async clients =>
        {
            for (int i = 0; i < Clients; i++)
            {
                long first = 100 * i;
                SimHost client = net.Host($"client{i}");
                clients.Spawn(ct => client.RunAsync(
                    async own =>
                    {
                        for (long request = first; request < first + RequestsEach; request++)
                        {
                            await Counter.AddAsync(request, own.Token);
                        }
                    },
                    ct));
            }
        });
        others!.Cancel("the test is over");
        if (counter.Count != Clients * RequestsEach)
        {
            throw new InvalidOperationException($"{Clients * RequestsEach} requests counted {counter.Count}");
        }
    }

    private static async Fiber MakeTroubleAsync(Simulation run, SimNet net, SimHost server, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Clock.Delay(TimeSpan.FromMilliseconds(run.Random.Next(1_000)), cancellationToken);
            if (run.Random.Next(2) == 0)
            {
                net.Partition(server);
            }
            else
            {
                server.Crash();
            }

            await Clock.Delay(TimeSpan.FromMilliseconds(run.Random.Next(5_000)), cancellationToken);
            net.Heal();
            server.Restart();
            await Clock.Delay(TimeSpan.FromSeconds(5), cancellationToken);
        }
    }
}
