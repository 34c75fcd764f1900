using Treeline.Futures;

namespace Treeline.Tests.Futures;

public sealed class WakerTests
{
    [Fact]
    public void It_is_two_words() => Assert.Equal(2 * IntPtr.Size, System.Runtime.CompilerServices.Unsafe.SizeOf<Waker>());

    [Fact]
    public void Noop_wakes_nobody()
    {
        Waker.Noop.Wake();
        Assert.Equal("wakes nobody", Waker.Noop.ToString());
        Assert.True(Waker.Noop.WillWake(default));
    }

    [Fact]
    public void A_counting_one_counts()
    {
        var woken = new CountingWaker();
        Assert.Equal(0, woken.Count);
        Waker waker = woken.Waker;
        waker.Wake();
        waker.Wake();
        woken.Waker.Wake();
        Assert.Equal(3, woken.Count);
    }

    [Fact]
    public void It_knows_whether_another_wakes_the_same()
    {
        var a = new CountingWaker();
        var b = new CountingWaker();
        Assert.True(a.Waker.WillWake(a.Waker));
        Assert.False(a.Waker.WillWake(b.Waker));
        Assert.False(a.Waker.WillWake(Waker.Noop));
        Assert.True(new Waker(a, 1).WillWake(new Waker(a, 1)));
        Assert.False(new Waker(a, 1).WillWake(new Waker(a, 2)));
    }

    [Fact]
    public void The_token_comes_to_who_is_woken()
    {
        var target = new Target();
        new Waker(target, 42).Wake();
        Assert.Equal([42], target.Tokens);
    }

    [Fact]
    public void Null_is_nobody_to_wake() => Assert.Throws<ArgumentNullException>(() => new Waker(null!));

    private sealed class Target : IWakeable
    {
        public List<long> Tokens { get; } = [];

        public void Wake(long token) => Tokens.Add(token);
    }
}
