namespace Treeline.Jobs.Tests;

public sealed class EventFeedTests
{
    private readonly EventFeed _feed = new();

    [Fact]
    public async Task Every_listener_gets_every_event_from_when_it_began_to_listen()
    {
        _feed.Publish(Event(1));
        await using IAsyncEnumerator<JobEvent> early = Listen();
        ValueTask<bool> firstOfEarly = early.MoveNextAsync();
        _feed.Publish(Event(2));
        await using IAsyncEnumerator<JobEvent> late = Listen();
        ValueTask<bool> firstOfLate = late.MoveNextAsync();
        _feed.Publish(Event(3));

        Assert.True(await firstOfEarly);
        Assert.Equal(Event(2), early.Current);
        Assert.True(await early.MoveNextAsync());
        Assert.Equal(Event(3), early.Current);
        Assert.True(await firstOfLate);
        Assert.Equal(Event(3), late.Current);
    }

    [Fact]
    public async Task A_slow_listener_loses_the_oldest_and_is_told_how_many()
    {
        await using IAsyncEnumerator<JobEvent> slow = Listen();
        ValueTask<bool> first = slow.MoveNextAsync();
        _feed.Publish(Event(0));
        Assert.True(await first);

        for (int id = 1; id <= EventFeed.Buffer + 10; id++)
        {
            _feed.Publish(Event(id));
        }

        Assert.True(await slow.MoveNextAsync());
        Assert.Equal((11, 10), (slow.Current.Id, slow.Current.Missed));
        Assert.True(await slow.MoveNextAsync());
        Assert.Equal((12, 0), (slow.Current.Id, slow.Current.Missed));
    }

    [Fact]
    public async Task Closing_ends_the_stream_after_what_is_in_it()
    {
        await using IAsyncEnumerator<JobEvent> listener = Listen();
        ValueTask<bool> first = listener.MoveNextAsync();
        _feed.Publish(Event(1));
        _feed.Publish(Event(2));
        _feed.Close();

        Assert.True(await first);
        Assert.True(await listener.MoveNextAsync());
        Assert.Equal(2, listener.Current.Id);
        Assert.False(await listener.MoveNextAsync());
        Assert.False(await Listen().MoveNextAsync());
    }

    [Fact]
    public async Task Cancelling_ends_the_stream()
    {
        using var cancel = new CancellationTokenSource();
        await using IAsyncEnumerator<JobEvent> listener = _feed.ListenAsync(cancel.Token).GetAsyncEnumerator();
        ValueTask<bool> next = listener.MoveNextAsync();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }

    private static JobEvent Event(long id) => new(id, "any", JobState.Pending, 0, null, DateTimeOffset.UnixEpoch);

    private IAsyncEnumerator<JobEvent> Listen() => _feed.ListenAsync(CancellationToken.None).GetAsyncEnumerator();
}
