using System.Runtime.CompilerServices;

namespace Treeline.Tests.Streams;

public sealed class TimeoutTests : StreamOperatorTests
{
    protected override string Name => "Timeout";

    [Fact]
    public Task The_time_runs_anew_for_each_item_and_not_while_the_consumer_is_at_work() => InTime(() => Timeline.RunAsync(
        async time => Assert.Equal(
            "40:1 120:2 200:3 280:end",
            await time.WriteDownAsync(
                time.Play([(40, 1), (50, 2), (180, 3)]).Timeout(Timeline.Ms(65)), workFor: 80))));

    [Fact]
    public Task Late_the_source_is_cancelled_and_waited_for() => InTime(() => Timeline.RunAsync(async time =>
    {
        Assert.Equal("10:1 60:TimeoutException", await time.WriteDownAsync(time.Play([(10, 1), (61, 2)]).Timeout(Timeline.Ms(50))));
        Assert.Equal("50:TimeoutException", await time.WriteDownAsync(time.Play([(51, 1)]).Timeout(Timeline.Ms(50))));
        Assert.Equal("80:TimeoutException", await time.WriteDownAsync(UnwindSlowly().Timeout(Timeline.Ms(50))));

        async IAsyncEnumerable<int> UnwindSlowly([EnumeratorCancellation] CancellationToken ct = default)
        {
            try
            {
                await Task.Delay(Timeline.Ms(1_000), time, ct);
                yield return 1;
            }
            finally
            {
                await Task.Delay(Timeline.Ms(30), time, CancellationToken.None);
            }
        }
    }));

    [Fact]
    public Task An_item_that_comes_all_the_same_is_given_first() => InTime(() => Timeline.RunAsync(async time =>
    {
        Assert.Equal("70:1 70:TimeoutException", await time.WriteDownAsync(Deaf(endless: true).Timeout(Timeline.Ms(50))));
        Assert.Equal("70:1 70:TimeoutException", await time.WriteDownAsync(Deaf(endless: false).Timeout(Timeline.Ms(50))));

        async IAsyncEnumerable<int> Deaf(bool endless)
        {
            do
            {
                await Task.Delay(Timeline.Ms(70), time, CancellationToken.None);
                yield return 1;
            }
            while (endless);
        }
    }));

    [Fact]
    public Task What_the_source_throws_in_place_of_its_cancellation_is_kept() => InTime(() => Timeline.RunAsync(async time =>
    {
        TimeoutException thrown = await Assert.ThrowsAsync<TimeoutException>(
            async () => await Fail().Timeout(Timeline.Ms(50)).ToArrayAsync());
        Assert.Equal("unwinding", Assert.IsType<OopsException>(thrown.InnerException).Message);

        async IAsyncEnumerable<int> Fail([EnumeratorCancellation] CancellationToken ct = default)
        {
            await QuietlyAsync(Task.Delay(Timeline.Ms(70), time, ct));
            yield return ct.IsCancellationRequested ? throw new OopsException("unwinding") : 1;
        }
    }));

    [Fact]
    public Task Its_own_timeouts_of_a_source_are_its_failures() => InTime(async () =>
        Assert.Equal("a client's", (await Assert.ThrowsAsync<TaskCanceledException>(
            async () => await Make().Timeout(TimeSpan.FromHours(1)).ToArrayAsync())).Message));

    [Fact]
    public void A_time_that_is_not_positive_is_refused_at_the_call() =>
        Assert.Throws<ArgumentOutOfRangeException>(static () => AsyncEnumerable.Range(0, 1).Timeout(TimeSpan.Zero));

    protected override IAsyncEnumerable<int> Apply(IAsyncEnumerable<int> source) => source.Timeout(TimeSpan.FromHours(1));

    private static async Task QuietlyAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            // It says so in its own way.
        }
    }

    private static async IAsyncEnumerable<int> Make()
    {
        await Task.Yield();
        yield return Environment.ProcessId > 0 ? throw new TaskCanceledException("a client's") : 1;
    }
}
