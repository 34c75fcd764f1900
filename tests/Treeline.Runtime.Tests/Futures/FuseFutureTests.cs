using Treeline.Futures;

namespace Treeline.Tests.Futures;

public sealed class FuseFutureTests
{
    [Fact]
    public void After_its_end_it_is_pending_for_ever()
    {
        var inner = new ByHand<int>();
        IFuture<int> fuse = inner.Fuse();
        Assert.True(fuse.PollOnce().IsPending);
        inner.Complete(1);
        Assert.Equal(1, fuse.PollOnce().Value);
        Assert.True(fuse.PollOnce().IsPending);
        Assert.True(fuse.PollOnce().IsPending);
        Assert.Equal(2, inner.Polls);
    }

    [Fact]
    public void An_error_is_an_end_too()
    {
        var inner = new ByHand<int>();
        inner.Fail(new OopsException("a"));
        IFuture<int> fuse = inner.Fuse();
        Assert.Throws<OopsException>(() => fuse.PollOnce());
        Assert.True(fuse.PollOnce().IsPending);
        ((IDisposable)fuse).Dispose();
        Assert.Equal((1, 1), (inner.Polls, inner.Drops));
    }
}
