using System.Globalization;

namespace Treeline.Tests.Combinators;

/// <summary>
/// Random work under random cancellation, on real threads. Whatever happens: when the call is over nothing of it runs, no
/// failure of cleanup is lost, and what is given or thrown is one of the things that may be.
/// </summary>
public sealed class CombinatorStressTests : TreeTest
{
    private const int Rounds = 1_500;

    private enum Ending
    {
        Success,
        Failure,
        UntilCancelled,
        FailingCleanup,
    }

    [Fact]
    public Task A_race_leaves_nothing_and_loses_nothing() => InTime(() => EachRound(async (round, ct) =>
    {
        (int? result, Exception? thrown) = await Try(() => Concurrently.RaceAsync(round.Work(), ct));
        round.AssertEnded(thrown, mustSurface: round.Thrown);
        Assert.True(result is null || round.Succeeded.Contains(result.Value));
    }));

    [Fact]
    public Task A_race_for_success_leaves_nothing_and_loses_no_failure_of_cleanup() => InTime(() => EachRound(async (round, ct) =>
    {
        (int? result, Exception? thrown) = await Try(() => Concurrently.RaceOkAsync(round.Work(), ct));
        round.AssertEnded(thrown, mustSurface: round.ThrownInCleanup);
        Assert.True(result is null || round.Succeeded.Contains(result.Value));
        if (!ct.IsCancellationRequested && round.Succeeded.Count == 0)
        {
            Assert.Empty(round.Thrown.Except(Parts(thrown)));
        }
    }));

    [Fact]
    public Task A_try_join_leaves_nothing_and_loses_nothing() => InTime(() => EachRound(async (round, ct) =>
    {
        (int[]? result, Exception? thrown) = await TryAll(() => Concurrently.TryJoinAsync(round.Work(), ct));
        round.AssertEnded(thrown, mustSurface: round.Thrown);
        Assert.True(result is null || result.SequenceEqual(Enumerable.Range(0, round.Count)));
    }));

    [Fact]
    public Task A_join_leaves_nothing_and_loses_nothing() => InTime(() => EachRound(async (round, ct) =>
    {
        (Outcome<int>[]? result, Exception? thrown) = await TryAll(() => Concurrently.JoinAsync(round.Work(), ct));
        if (result is null)
        {
            round.AssertEnded(thrown, mustSurface: round.Thrown);
        }
        else
        {
            round.AssertEnded(null, mustSurface: []);
            Assert.Equal(
                round.Thrown.ToHashSet(),
                result.Where(static outcome => outcome.State == NodeState.Failed).Select(static outcome => outcome.Error!).ToHashSet());
        }
    }));

    [Fact]
    public Task A_loop_leaves_nothing_and_loses_nothing() => InTime(() => EachRound(async (round, ct) =>
    {
        Func<CancellationToken, Task<int>>[] work = [.. round.Work()];
        (int[]? result, Exception? thrown) = await TryAll(
            () => Concurrently.MapAsync(work, 1 + (round.Count / 2), (item, token) => item(token), ct));
        round.AssertEnded(thrown, mustSurface: round.Thrown);
        Assert.True(result is null || result.SequenceEqual(Enumerable.Range(0, round.Count)));
    }));

    private static async Task EachRound(Func<Round, CancellationToken, Task> check)
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("TREELINE_SEED"), CultureInfo.InvariantCulture, out int given)
            ? given
            : Random.Shared.Next();
        var random = new Random(seed);
        for (int number = 0; number < Rounds; number++)
        {
            var round = new Round(random);
            using var outer = new CancellationTokenSource();

            // Something has to end a round in which nothing ends by itself.
            int spins = random.Next(200);
            Task cancelling = random.Next(3) == 0 || !round.EndsByItself
                ? Task.Run(() =>
                {
                    Thread.SpinWait(spins);
                    outer.Cancel();
                })
                : Task.CompletedTask;
            try
            {
                await check(round, outer.Token);
            }
            catch (Exception e)
            {
                Assert.Fail($"Seed {seed}, round {number}: {round}{Environment.NewLine}{e}");
            }

            await cancelling;
        }
    }

    private static async Task<(int? Result, Exception? Thrown)> Try(Func<Task<int>> run)
    {
        try
        {
            return (await run(), null);
        }
        catch (Exception e)
        {
            return (null, e);
        }
    }

    private static async Task<(T? Result, Exception? Thrown)> TryAll<T>(Func<Task<T>> run)
        where T : class
    {
        try
        {
            return (await run(), null);
        }
        catch (Exception e)
        {
            return (null, e);
        }
    }

    private static Exception[] Parts(Exception? thrown) =>
        thrown is ScopeException several ? [.. several.InnerExceptions] : thrown is null ? [] : [thrown];

    private sealed class Round
    {
        private readonly (Ending Ending, int Yields)[] _plan;
        private readonly Lock _gate = new();
        private int _running;

        public Round(Random random)
        {
            _plan = new (Ending, int)[1 + random.Next(5)];
            for (int i = 0; i < _plan.Length; i++)
            {
                _plan[i] = ((Ending)random.Next(random.Next(2) == 0 ? 1 : 4), random.Next(4));
            }
        }

        public int Count => _plan.Length;

        public bool EndsByItself => _plan.All(static each => each.Ending is Ending.Success or Ending.Failure);

        public List<int> Succeeded { get; } = [];

        public List<Exception> Thrown { get; } = [];

        public List<Exception> ThrownInCleanup { get; } = [];

        public IEnumerable<Func<CancellationToken, Task<int>>> Work() =>
            Enumerable.Range(0, Count).Select(i => (Func<CancellationToken, Task<int>>)(ct => RunAsync(i, ct)));

        public void AssertEnded(Exception? thrown, List<Exception> mustSurface)
        {
            Assert.Equal(0, _running);
            Assert.Empty(mustSurface.Except(Parts(thrown)));
            Assert.True(thrown is null or OperationCanceledException || Parts(thrown).All(Thrown.Contains), $"{thrown}");
        }

        public override string ToString() => string.Join(", ", _plan);

        private async Task<int> RunAsync(int number, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _running);
            try
            {
                (Ending ending, int yields) = _plan[number];
                for (int i = 0; i < yields; i++)
                {
                    await Task.Yield();
                }

                switch (ending)
                {
                    case Ending.Success:
                        lock (_gate)
                        {
                            Succeeded.Add(number);
                        }

                        return number;
                    case Ending.Failure:
                        throw Note(new OopsException($"failure of {number}"), cleanup: false);
                    case Ending.UntilCancelled:
                        await Forever(cancellationToken);
                        break;
                    default:
                        try
                        {
                            await Forever(cancellationToken);
                        }
                        catch (OperationCanceledException)
                        {
                            throw Note(new OopsException($"cleanup of {number}"), cleanup: true);
                        }

                        break;
                }

                return -1;
            }
            finally
            {
                Interlocked.Decrement(ref _running);
            }
        }

        private OopsException Note(OopsException error, bool cleanup)
        {
            lock (_gate)
            {
                Thrown.Add(error);
                if (cleanup)
                {
                    ThrownInCleanup.Add(error);
                }
            }

            return error;
        }
    }
}
