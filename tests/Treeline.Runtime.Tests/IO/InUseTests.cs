using Treeline.IO;

namespace Treeline.Tests.IO;

public sealed class InUseTests
{
    private InUse _use;

    [Fact]
    public void One_operation_at_a_time()
    {
        _use.Enter<InUseTests>();
        Assert.Contains(nameof(InUseTests), Assert.Throws<InvalidOperationException>(_use.Enter<InUseTests>).Message, StringComparison.Ordinal);
        Assert.True(_use.Leave());
        _use.Enter<InUseTests>();
        Assert.True(_use.Leave());
    }

    [Fact]
    public void After_the_end_nothing_begins()
    {
        Assert.True(_use.End());
        Assert.False(_use.End());
        Assert.Throws<ObjectDisposedException>(_use.Enter<InUseTests>);
    }

    [Fact]
    public void An_operation_that_outlives_the_end_gives_the_buffer_back()
    {
        _use.Enter<InUseTests>();
        Assert.False(_use.End());
        Assert.Throws<ObjectDisposedException>(_use.Enter<InUseTests>);
        Assert.False(_use.Leave());
    }

    [Fact]
    public void Of_an_operation_that_leaves_and_an_end_one_gives_the_buffer_back()
    {
        using var together = new Barrier(2);
        bool leaverFrees = false;
        const int Rounds = 5_000;
        var other = new Thread(() =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                together.SignalAndWait();
                leaverFrees = !_use.Leave();
                together.SignalAndWait();
            }
        });
        other.Start();
        for (int round = 0; round < Rounds; round++)
        {
            _use = default;
            _use.Enter<InUseTests>();
            together.SignalAndWait();
            bool enderFrees = _use.End();
            together.SignalAndWait();
            if (enderFrees == leaverFrees)
            {
                together.RemoveParticipant();
                Assert.Fail($"Round {round}: {(enderFrees ? "both" : "none")} gave it back.");
            }
        }

        other.Join();
    }
}
