namespace Treeline.Tests.Combinators;

public sealed class ChainAsyncTests : TreeTest
{
    [Fact]
    public Task Each_is_opened_when_the_one_before_has_been_disposed() => InTime(async events =>
    {
        int[] all = await Concurrently.ChainAsync([Make(1), Make(3)]).ToArrayAsync();
        Assert.Equal([1, 3], all);
        events.Finish(5);

        async IAsyncEnumerable<int> Make(int number)
        {
            try
            {
                events.Expect(number);
                await Task.Yield();
                yield return number;
            }
            finally
            {
                events.Expect(number + 1);
            }
        }
    });

    [Fact]
    public Task A_failure_surfaces_and_the_rest_is_not_opened() => InTime(async () =>
    {
        await using IAsyncEnumerator<int> chain = Concurrently.ChainAsync([Fails(), NotOpened()]).GetAsyncEnumerator();
        Assert.True(await chain.MoveNextAsync());
        await Assert.ThrowsAsync<OopsException>(async () => await chain.MoveNextAsync());

        static async IAsyncEnumerable<int> Fails()
        {
            await Task.Yield();
            yield return 1;
            throw new OopsException("source");
        }

        static async IAsyncEnumerable<int> NotOpened()
        {
            Assert.Fail("It was opened.");
            await Task.Yield();
            yield return 2;
        }
    });

    [Fact]
    public Task Cancelled_between_two_streams_it_ends() => InTime(async () =>
    {
        using var outer = new CancellationTokenSource();
        await using IAsyncEnumerator<int> chain =
            Concurrently.ChainAsync([One(), One()]).GetAsyncEnumerator(outer.Token);
        Assert.True(await chain.MoveNextAsync());
        await outer.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await chain.MoveNextAsync());

        static async IAsyncEnumerable<int> One()
        {
            await Task.Yield();
            yield return 1;
        }
    });
}
