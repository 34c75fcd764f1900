using Treeline.Futures;

namespace Treeline.Tests.Futures;

public sealed class PollOfTTests
{
    [Fact]
    public void The_default_is_pending()
    {
        Assert.True(default(Poll<int>).IsPending);
        Assert.True(Poll<int>.Pending.IsPending);
        Assert.False(Poll<int>.Pending.IsReady);
        Assert.False(Poll<int>.Pending.TryGetValue(out _));
        Assert.Equal("pending", Poll<int>.Pending.ToString());
    }

    [Fact]
    public void A_value_is_ready()
    {
        Poll<int> poll = 5;
        Assert.True(poll.IsReady);
        Assert.False(poll.IsPending);
        Assert.Equal(5, poll.Value);
        Assert.True(poll.TryGetValue(out int value));
        Assert.Equal(5, value);
        Assert.Equal("ready: 5", poll.ToString());
    }

    [Fact]
    public void A_value_may_be_null() => Assert.True(Poll<string?>.Ready(null).IsReady);

    [Fact]
    public void Pending_has_no_value()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Poll<int>.Pending.Value);
        Assert.Contains("IsReady", error.Message, StringComparison.Ordinal);
    }
}
