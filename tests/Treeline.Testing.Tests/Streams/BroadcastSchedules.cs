using Treeline.Testing.Tests.Contract;

namespace Treeline.Testing.Tests.Streams;

/// <summary>One stream for several consumers that come, leave and are cancelled when they like.</summary>
public sealed class BroadcastSchedules
{
    [Fact]
    public void Each_consumer_gets_everything_for_as_long_as_it_stays() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var stream = new StreamRun(run);
            int count = run.Random.Next(8);
            bool fails = run.Random.Next(4) == 0;
            await TaskScope.RunAsync(async scope =>
            {
                foreach (IAsyncEnumerable<int> each in stream.Source(count, fails).Broadcast(scope, 1 + run.Random.Next(3)))
                {
                    scope.Spawn(async ct =>
                    {
                        await stream.PauseAsync(CancellationToken.None);
                        (List<int> items, Exception? error, bool whole) = await stream.ReadAsync(each);
                        Assert.Equal(Enumerable.Range(0, whole ? count : items.Count), items);
                        Assert.True(!whole || fails == error is OopsException);
                    });
                }
            });
            Assert.Equal(0, stream.Open);
            Assert.InRange(stream.Opened, 0, 1);
        });

    [Fact]
    public void A_shared_stream_is_read_once_at_a_time_and_only_while_somebody_reads() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var stream = new StreamRun(run);
            int count = run.Random.Next(8);
            int reading = 0;
            await TaskScope.RunAsync(async scope =>
            {
                IAsyncEnumerable<int> shared = stream.Source(count).Share(scope);
                for (int i = run.Random.Next(1, 5); i > 0; i--)
                {
                    scope.Spawn(async ct =>
                    {
                        await stream.PauseAsync(CancellationToken.None);
                        reading++;
                        (List<int> items, _, bool whole) = await stream.ReadAsync(shared);
                        reading--;
                        Assert.True(stream.Open <= 1);
                        Assert.True(reading > 0 || stream.Open == 0);
                        if (items.Count > 0)
                        {
                            Assert.Equal(Enumerable.Range(items[0], items.Count), items);
                            Assert.True(!whole || items[^1] == count - 1);
                        }
                    });
                }
            });
            Assert.Equal(0, stream.Open);
        });
}
