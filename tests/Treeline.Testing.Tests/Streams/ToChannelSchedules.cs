using Treeline.Testing.Tests.Contract;

namespace Treeline.Testing.Tests.Streams;

/// <summary>A stream that fills a channel.</summary>
public sealed class ToChannelSchedules
{
    [Fact]
    public void Everything_gets_there_and_who_leaves_stops_the_source() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var stream = new StreamRun(run);
            int count = run.Random.Next(8);
            bool fails = run.Random.Next(4) == 0;
            bool received = false;
            try
            {
                await TaskScope.RunAsync(async scope =>
                {
                    using MpscReceiver<int> receiver = stream.Source(count, fails).ToChannel(scope, 1 + run.Random.Next(3));
                    (List<int> items, Exception? error, received) = await stream.ReadAsync(receiver);
                    Assert.Equal(Enumerable.Range(0, received ? count : items.Count), items);
                    Assert.True(!received || fails == error is not null);
                });
            }
            catch (OopsException) when (fails && !received)
            {
                // The receiver had gone.
            }

            Assert.Equal(0, stream.Open);
        });
}
