using System.Runtime.CompilerServices;

namespace Treeline.Tests.Combinators;

public sealed class ZipAsyncTests : TreeTest
{
    [Fact]
    public Task It_gives_what_belongs_together_and_ends_with_the_shortest() => InTime(async () =>
    {
        bool disposed = false;
        (int, string)[] zipped = await Concurrently.ZipAsync(Endless(), Texts(3)).ToArrayAsync();
        Assert.Equal([(1, "1"), (2, "2"), (3, "3")], zipped);
        Assert.True(disposed);

        async IAsyncEnumerable<int> Endless()
        {
            try
            {
                for (int i = 1; ; i++)
                {
                    await Task.Yield();
                    yield return i;
                }
            }
            finally
            {
                disposed = true;
            }
        }
    });

    [Fact]
    public Task The_next_of_each_is_taken_at_once_and_only_when_wanted() => InTime(async () =>
    {
        int taken = 0;
        TaskCompletionSource both = Signal();
        await using (IAsyncEnumerator<(int, int)> zipped = Concurrently.ZipAsync(Make(), Make()).GetAsyncEnumerator())
        {
            Assert.Equal(0, taken);
            Assert.True(await zipped.MoveNextAsync());
            Assert.Equal(2, taken);
        }

        Assert.Equal(2, taken);

        async IAsyncEnumerable<int> Make()
        {
            while (true)
            {
                if (Interlocked.Increment(ref taken) == 2)
                {
                    both.SetResult();
                }

                await both.Task; // each waits for the other: they must be taken at once
                yield return taken;
            }
        }
    });

    [Fact]
    public Task A_failure_cancels_the_other_and_surfaces() => InTime(async events =>
    {
        TaskCompletionSource running = Signal();
        IAsyncEnumerable<(int, int)> zipped = Concurrently.ZipAsync(Fails(), Waits());
        Assert.Equal("source", (await Assert.ThrowsAsync<OopsException>(async () => await zipped.ToArrayAsync())).Message);
        events.Finish(2);

        async IAsyncEnumerable<int> Fails()
        {
            await running.Task;
            Throw();
            yield break;
        }

        static void Throw() => throw new OopsException("source");

        async IAsyncEnumerable<int> Waits([EnumeratorCancellation] CancellationToken ct = default)
        {
            try
            {
                running.SetResult();
                await Forever(ct);
                yield return 1;
            }
            finally
            {
                await Task.Yield();
                events.Expect(1);
            }
        }
    });

    [Fact]
    public Task When_one_has_ended_a_failure_of_the_others_cleanup_surfaces() => InTime(async () =>
    {
        IAsyncEnumerable<(int, string)> zipped = Concurrently.ZipAsync(FailsLate(), Texts(1));
        await using IAsyncEnumerator<(int, string)> reader = zipped.GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        await Assert.ThrowsAsync<OopsException>(async () => await reader.MoveNextAsync());

        static async IAsyncEnumerable<int> FailsLate([EnumeratorCancellation] CancellationToken ct = default)
        {
            try
            {
                yield return 1;
                await Forever(ct);
            }
            finally
            {
                Throw();
            }
        }

        static void Throw() => throw new OopsException("cleanup");
    });

    [Fact]
    public Task Cancelled_it_ends_with_that_token() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        TaskCompletionSource running = Signal();
        Task reading = Concurrently.ZipAsync(Waits(), Texts(3), outer.Token).ToArrayAsync().AsTask();
        await running.Task;
        await outer.CancelAsync();
        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Equal(outer.Token, thrown.CancellationToken);

        async IAsyncEnumerable<int> Waits([EnumeratorCancellation] CancellationToken ct = default)
        {
            running.SetResult();
            await Forever(ct);
            yield return 1;
        }
    });

    [Fact]
    public Task Three_to_eight() => InTime(async () =>
    {
        IAsyncEnumerable<string> s = Texts(2);
        Assert.Equal(("2", "2", "2"), await Concurrently.ZipAsync(s, s, s).LastAsync());
        Assert.Equal(("2", "2", "2", "2"), await Concurrently.ZipAsync(s, s, s, s).LastAsync());
        Assert.Equal(("2", "2", "2", "2", "2"), await Concurrently.ZipAsync(s, s, s, s, s).LastAsync());
        Assert.Equal(("2", "2", "2", "2", "2", "2"), await Concurrently.ZipAsync(s, s, s, s, s, s).LastAsync());
        Assert.Equal(("2", "2", "2", "2", "2", "2", "2"), await Concurrently.ZipAsync(s, s, s, s, s, s, s).LastAsync());
        (string, string, string, string, string, string, string, string Eighth) last =
            await Concurrently.ZipAsync(s, s, s, s, s, s, s, s).LastAsync();
        Assert.Equal("2", last.Eighth);
    });

    private static async IAsyncEnumerable<string> Texts(int count)
    {
        for (int i = 1; i <= count; i++)
        {
            await Task.Yield();
            yield return $"{i}";
        }
    }
}
