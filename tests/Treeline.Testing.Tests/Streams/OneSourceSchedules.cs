using Treeline.Testing.Tests.Contract;

namespace Treeline.Testing.Tests.Streams;

/// <summary>Operators on one stream, whatever the order, the times, and the end.</summary>
public sealed class OneSourceSchedules
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Of_what_is_read_ahead_nothing_is_lost_and_nothing_comes_twice() => Explore(
        static (run, source) => source.Prefetch(1 + run.Random.Next(4)),
        static (read, count) => Assert.Equal(Enumerable.Range(0, read.Whole ? count : read.Items.Count), read.Items));

    [Fact]
    public void Groups_are_neither_empty_nor_too_large_and_together_they_are_the_stream() => Explore(
        static (run, source) => source.ChunksTimeout(3, s_second * 2),
        static (read, count) =>
        {
            Assert.All(read.Items, static chunk => Assert.InRange(chunk.Length, 1, 3));
            int[] items = [.. read.Items.SelectMany(static chunk => chunk)];
            Assert.Equal(Enumerable.Range(0, read.Whole ? count : items.Length), items);
        });

    [Fact]
    public void A_throttled_stream_keeps_its_order_its_distance_and_its_last_item() => Explore(
        static (run, source) => Timed(run, source.Throttle(s_second)),
        static (read, count) =>
        {
            int[] items = [.. read.Items.Select(static each => each.Item)];
            Assert.Equal(items.Distinct().Order(), items);
            Assert.True(!read.Whole || count == 0 || items[^1] == count - 1);
            for (int i = 1; i < items.Length - 1; i++)
            {
                Assert.True(read.Items[i].At - read.Items[i - 1].At >= s_second);
            }
        });

    [Fact]
    public void A_debounced_stream_keeps_its_order_and_its_last_item() => Explore(
        static (run, source) => source.Debounce(s_second),
        static (read, count) =>
        {
            Assert.Equal(read.Items.Distinct().Order(), read.Items);
            Assert.True(!read.Whole || count == 0 || read.Items[^1] == count - 1);
        });

    [Fact]
    public void Until_it_is_told_to_end_a_stream_is_whole() => Explore(
        static (run, source) => source.TakeUntil(new CancellationTokenSource(s_second * run.Random.Next(12), run.Time).Token),
        static (read, count) => Assert.Equal(Enumerable.Range(0, read.Items.Count), read.Items),
        mayEndEarly: true);

    [Fact]
    public void A_stream_with_a_time_limit_is_whole_up_to_where_it_was_late() => Deterministic.Explore(
        Schedules.Count,
        static async run =>
        {
            var stream = new StreamRun(run);
            int count = run.Random.Next(10);
            try
            {
                (List<int> items, _, bool whole) = await stream.ReadAsync(stream.Source(count).Timeout(TimeSpan.FromSeconds(2.5)));
                Assert.Equal(Enumerable.Range(0, whole ? count : items.Count), items);
            }
            catch (TimeoutException)
            {
                // One of the pauses of three seconds.
            }

            Assert.Equal(0, stream.Open);
        });

    private static void Explore<T>(
        Func<Simulation, IAsyncEnumerable<int>, IAsyncEnumerable<T>> apply,
        Action<(List<T> Items, Exception? Error, bool Whole), int> check,
        bool mayEndEarly = false) =>
        Deterministic.Explore(
            Schedules.Count,
            async run =>
            {
                var stream = new StreamRun(run);
                int count = run.Random.Next(10);
                bool fails = run.Random.Next(4) == 0;
                (List<T> Items, Exception? Error, bool Whole) read = await stream.ReadAsync(apply(run, stream.Source(count, fails)));
                check(read, count);
                Assert.True(!read.Whole || mayEndEarly || fails == read.Error is OopsException);
                Assert.Equal(0, stream.Open);
            });

    private static async IAsyncEnumerable<(int Item, TimeSpan At)> Timed(Simulation run, IAsyncEnumerable<int> source)
    {
        await foreach (int item in source)
        {
            yield return (item, run.Time.Elapsed);
        }
    }
}
