namespace Treeline.Tests.CancelSafety;

/// <summary>Loss 3 of docs/cancel-safety.md: a permit goes to somebody who has left, and never comes back.</summary>
public sealed class LeakedPermitTests : TreeTest
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public Task Before_the_place_is_taken_for_ever() => InTime(async () =>
    {
        using var places = new SemaphoreSlim(1);
        Assert.True(await TryEnterAsync(places, s_patience, _clock));
        Task<bool> second = TryEnterAsync(places, s_patience, _clock);
        _clock.Advance(s_patience);
        Assert.False(await second);

        places.Release(); // the first leaves, and the second, long gone, has the place
        Assert.Equal(0, places.CurrentCount);

        static async Task<bool> TryEnterAsync(SemaphoreSlim places, TimeSpan patience, TimeProvider clock)
        {
            Task entering = places.WaitAsync();
            return await Task.WhenAny(entering, Task.Delay(patience, clock)) == entering;
        }
    });

    [Fact]
    public Task After_it_is_free_again() => InTime(() => TaskScope.RunAsync(
        async _ =>
        {
            var places = new AsyncSemaphore(1);
            SemaphorePermit first = (await TryEnterAsync(places, s_patience, CancellationToken.None))!.Value;
            ValueTask<SemaphorePermit?> second = TryEnterAsync(places, s_patience, CancellationToken.None);
            _clock.Advance(s_patience);
            Assert.Null(await second);

            first.Dispose();
            Assert.Equal(1, places.Available);

            static ValueTask<SemaphorePermit?> TryEnterAsync(AsyncSemaphore places, TimeSpan patience, CancellationToken ct)
            {
                return new Select<SemaphorePermit?>()
                    .On(places.AcquireCase(), permit => (SemaphorePermit?)permit)
                    .On(Clock.DelayCase(patience), () => null)
                    .WaitAsync(ct);
            }
        },
        new ScopeOptions { TimeProvider = _clock }));
}
