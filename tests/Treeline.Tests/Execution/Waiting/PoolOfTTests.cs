namespace Treeline.Tests.Execution.Waiting;

public sealed class PoolOfTTests
{
    private const int ChunkSize = 128;

    [Fact]
    public void Threads_that_drive_no_worker_share_a_pool()
    {
        var one = new One();
        var thread = new Thread(() => Pool<One>.Return(one));
        thread.Start();
        thread.Join();
        Assert.Same(one, Pool<One>.TryRent());
        Assert.Null(Pool<One>.TryRent());
    }

    [Fact]
    public void A_worker_rents_what_it_returned_last_returned_first()
    {
        using OnAWorker _ = OnAWorker.Enter();
        var first = new Two();
        var last = new Two();
        Pool<Two>.Return(first);
        Pool<Two>.Return(last);
        Assert.Same(last, Pool<Two>.TryRent());
        Assert.Same(first, Pool<Two>.TryRent());
        Assert.Null(Pool<Two>.TryRent());
    }

    [Fact]
    public void Pools_of_different_types_are_different()
    {
        using OnAWorker _ = OnAWorker.Enter();
        Pool<One>.Return(new One());
        Assert.Null(Pool<Two>.TryRent());
        Assert.NotNull(Pool<One>.TryRent());
    }

    [Fact]
    public void A_worker_that_only_frees_feeds_one_that_only_rents()
    {
        Worker frees = OnAWorker.NewWorker();
        Worker rents = OnAWorker.NewWorker();
        using (new OnAWorker(frees))
        {
            for (int i = 0; i < 3 * ChunkSize; i++)
            {
                Pool<Three>.Return(new Three());
            }
        }

        HashSet<Three> rented = [];
        using (new OnAWorker(rents))
        {
            while (Pool<Three>.TryRent() is { } item)
            {
                Assert.True(rented.Add(item));
            }
        }

        // It keeps a loaded and a spare chunk; the third went to the depot.
        Assert.Equal(ChunkSize, rented.Count);
    }

    [Fact]
    public void Each_is_rented_once_and_what_is_kept_is_capped()
    {
        using OnAWorker _ = OnAWorker.Enter();
        var returned = new HashSet<Four>();
        for (int i = 0; i < 100_000; i++)
        {
            var item = new Four();
            returned.Add(item);
            Pool<Four>.Return(item);
        }

        int rented = 0;
        while (Pool<Four>.TryRent() is { } item)
        {
            Assert.True(returned.Remove(item));
            rented++;
        }

        Assert.InRange(rented, ChunkSize, 5_000);
    }

    [Fact]
    public void Going_back_and_forth_over_the_edge_of_a_chunk_stays_on_the_worker()
    {
        using OnAWorker _ = OnAWorker.Enter();
        for (int i = 0; i < ChunkSize; i++)
        {
            Pool<Five>.Return(new Five());
        }

        var extra = new Five();
        for (int i = 0; i < 3; i++)
        {
            Pool<Five>.Return(extra);
            Assert.Same(extra, Pool<Five>.TryRent());
            Five? below = Pool<Five>.TryRent();
            Assert.NotNull(below);
            Pool<Five>.Return(below);
        }
    }

    private sealed class One;

    private sealed class Two;

    private sealed class Three;

    private sealed class Four;

    private sealed class Five;
}
