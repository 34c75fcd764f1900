// Waits that have ended are looked into by hand.
#pragma warning disable CA2012

namespace Treeline.Tests.Sync;

public sealed class AsyncBarrierTests : TreeTest
{
    [Fact]
    public Task Nobody_passes_before_all_have_arrived_and_the_last_one_leads() => InTime(async () =>
    {
        var barrier = new AsyncBarrier(3);
        for (int phase = 0; phase < 3; phase++)
        {
            ValueTask<BarrierPass> one = barrier.ArriveAsync();
            ValueTask<BarrierPass> other = barrier.ArriveAsync();
            Assert.False(one.IsCompleted || other.IsCompleted);
            Assert.Equal(2, barrier.Arrived);
            ValueTask<BarrierPass> last = barrier.ArriveAsync();
            Assert.True(one.IsCompletedSuccessfully && other.IsCompletedSuccessfully && last.IsCompletedSuccessfully);
            Assert.Equal(0, barrier.Arrived);
            Assert.Equal(new BarrierPass(phase, IsLeader: true), await last);
            Assert.Equal(new BarrierPass(phase, IsLeader: false), await one);
            Assert.Equal(new BarrierPass(phase, IsLeader: false), await other);
        }
    });

    [Fact]
    public Task Alone_one_always_leads() => InTime(async () =>
    {
        var barrier = new AsyncBarrier(1);
        Assert.Equal(new BarrierPass(0, IsLeader: true), await barrier.ArriveAsync());
        Assert.Equal(new BarrierPass(1, IsLeader: true), await barrier.ArriveAsync());
        Assert.Throws<ArgumentOutOfRangeException>(static () => new AsyncBarrier(0));
    });

    [Fact]
    public Task Whoever_gives_up_has_not_arrived() => InTime(async () =>
    {
        var barrier = new AsyncBarrier(2, "start");
        using var source = new CancellationTokenSource();
        ValueTask<BarrierPass> gone = barrier.ArriveAsync(source.Token);
        source.Cancel();
        Assert.Equal(0, barrier.Arrived);
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await gone);
        Assert.Equal("The wait for barrier 'start' was cancelled; it took nothing.", error.Message);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await barrier.ArriveAsync(source.Token));
        ValueTask<BarrierPass> one = barrier.ArriveAsync();
        Assert.False(one.IsCompleted);
        Assert.True((await barrier.ArriveAsync()).IsLeader);
        Assert.Equal(new BarrierPass(0, IsLeader: false), await one);
    });

    [Fact]
    public void Cancelled_as_the_last_arrives_all_pass_or_the_last_waits_with_the_rest()
    {
        var barrier = new AsyncBarrier(3);
        ValueTask<BarrierPass> stays = default;
        ValueTask<BarrierPass> gives = default;
        ValueTask<BarrierPass> last = default;
        CancellationTokenSource source = new();
        int passed = 0;
        Duel.Fight(
            () =>
            {
                source = new CancellationTokenSource();
                stays = barrier.ArriveAsync();
                gives = barrier.ArriveAsync(source.Token);
            },
            () => last = barrier.ArriveAsync(),
            () => source.Cancel(),
            _ =>
            {
                source.Dispose();
                Assert.True(gives.IsCompleted);
                Assert.Equal(gives.IsCompletedSuccessfully, stays.IsCompleted);
                Assert.Equal(gives.IsCompletedSuccessfully, last.IsCompleted);
                if (gives.IsCompletedSuccessfully)
                {
                    Assert.Equal(new BarrierPass(passed, IsLeader: false), gives.Result);
                    Assert.True(last.Result.IsLeader);
                    Assert.False(stays.Result.IsLeader);
                }
                else
                {
                    Assert.ThrowsAny<OperationCanceledException>(() => gives.Result);
                    Assert.Equal(2, barrier.Arrived);
                    Assert.True(barrier.ArriveAsync().Result.IsLeader);
                    Assert.False(last.Result.IsLeader);
                    Assert.False(stays.Result.IsLeader);
                }

                passed++;
            });
    }

    [Fact]
    public Task Fibers_that_work_in_phases_are_never_a_phase_apart_and_go_on_where_their_scope_runs() => InTime(async () =>
    {
        const int parties = 5;
        using var thread = new DedicatedThread();
        var barrier = new AsyncBarrier(parties);
        int[] phases = new int[parties];
        int leaders = 0;
        await TaskScope.RunAsync(
            async scope =>
            {
                for (int i = 0; i < parties; i++)
                {
                    int number = i;
                    scope.Spawn(async ct =>
                    {
                        for (int phase = 0; phase < 100; phase++)
                        {
                            phases[number] = phase;
                            BarrierPass pass = await barrier.ArriveAsync(ct);
                            Assert.True(thread.IsCurrent);
                            Assert.Equal(phase, pass.Phase);
                            Assert.All(phases, each => Assert.InRange(each, phase, phase + 1));
                            leaders += pass.IsLeader ? 1 : 0;
                        }
                    });
                }
            },
            new ScopeOptions { Executor = thread });
        Assert.Equal(100, leaders);
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        var barrier = new AsyncBarrier(2);
        using var source = new CancellationTokenSource();
        CancellationToken token = source.Token;
        Warm.AllocatesNothing(() =>
        {
            ValueTask<BarrierPass> one = barrier.ArriveAsync(token);
            _ = barrier.ArriveAsync(token).Result;
            _ = one.Result;
        });
    }
}
