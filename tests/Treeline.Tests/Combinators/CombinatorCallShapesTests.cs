#pragma warning disable CS1998 // async lambdas that await nothing are some of the shapes

namespace Treeline.Tests.Combinators;

/// <summary>
/// Every way in which people write what they give to a combinator compiles, and means what it looks like. The declared types
/// are the test.
/// </summary>
public sealed class CombinatorCallShapesTests : TreeTest
{
    [Fact]
    public Task Async_lambdas_in_a_list_are_fibers() => InTime(async () =>
    {
        int[] values = await Concurrently.TryJoinAsync([async ct => await Fibers(1), async ct => await Fibers(2)]);
        Assert.Equal([1, 2], values);
        Task run = Concurrently.TryJoinAsync([async ct => { await AFiber(); }, async ct => { await Task.Yield(); }]);
        await run;
        Outcome<int>[] outcomes = await Concurrently.JoinAsync([async ct => await Fibers(3)], CancellationToken.None);
        Assert.Equal(3, Assert.Single(outcomes).Value);
        int first = await Concurrently.RaceAsync([async ct => 4]);
        Assert.Equal(4, first);
        Task race = Concurrently.RaceAsync([async ct => await Task.Yield()]);
        await race;
        int ok = await Concurrently.RaceOkAsync([async ct => await Fibers(5)]);
        Assert.Equal(5, ok);
        int staggered = await Concurrently.StaggeredRaceAsync(
            [async ct => throw new OopsException("one shape"), async ct => await Fibers(6)], Timeout.InfiniteTimeSpan);
        Assert.Equal(6, staggered);
    });

    [Fact]
    public Task Methods_and_lambdas_that_return_tasks_in_a_list() => InTime(async () =>
    {
        int[] tasks = await Concurrently.TryJoinAsync([ct => ATask(1, ct), ct => ATask(2, ct)]);
        Assert.Equal([1, 2], tasks);
        int[] groups = await Concurrently.TryJoinAsync<int>([ATask, ATask]);
        Assert.Equal([7, 7], groups);
        int[] values = await Concurrently.TryJoinAsync([ct => AValueTask(3, ct), ct => AValueTask(4, ct)]);
        Assert.Equal([3, 4], values);
        int[] mixed = await Concurrently.TryJoinAsync([ct => ATask(5, ct), async ct => await Fibers(6)]);
        Assert.Equal([5, 6], mixed);
        Task empty = Concurrently.TryJoinAsync([ct => Task.CompletedTask, ct => Task.Delay(1, ct)]);
        await empty;
        Func<CancellationToken, Task<int>>[] array = [ct => ATask(8, ct)];
        int first = await Concurrently.RaceAsync(array);
        Assert.Equal(8, first);
        List<Func<CancellationToken, ValueTask>> list = [ct => ValueTask.CompletedTask];
        Task run = Concurrently.RaceAsync(list);
        await run;
        int linq = await Concurrently.RaceOkAsync(Enumerable.Range(9, 1).Select(i => (Func<CancellationToken, Task<int>>)(ct => ATask(i, ct))));
        Assert.Equal(9, linq);
    });

    [Fact]
    public Task Different_results_in_a_tuple() => InTime(async () =>
    {
        (int number, string text) = await Concurrently.TryJoinAsync(async ct => await Fibers(1), async ct => "a");
        Assert.Equal((1, "a"), (number, text));
        (int task, string mixed) = await Concurrently.TryJoinAsync(ct => ATask(2, ct), async ct => "b");
        Assert.Equal((2, "b"), (task, mixed));
        (int group, int other) = await Concurrently.TryJoinAsync(ATask, AnotherTask, CancellationToken.None);
        Assert.Equal((7, 8), (group, other));
        (Outcome<int> left, Outcome<string> right) = await Concurrently.JoinAsync(async ct => 3, async ct => "c");
        Assert.Equal((3, "c"), (left.Value, right.Value));
        (Outcome<int> one, Outcome<string> two) = await Concurrently.JoinAsync(ct => ATask(4, ct), ct => Task.FromResult("d"));
        Assert.Equal((4, "d"), (one.Value, two.Value));
    });

    [Fact]
    public Task Tuples_of_three_to_eight() => InTime(async () =>
    {
        Assert.Equal((1, "2", 3L), await Concurrently.TryJoinAsync(async ct => 1, async ct => "2", async ct => 3L));
        Assert.Equal(
            (1, "2", 3L, '4'), await Concurrently.TryJoinAsync(async ct => 1, async ct => "2", async ct => 3L, async ct => '4'));
        Assert.Equal(
            (1, 2, 3, 4, 5),
            await Concurrently.TryJoinAsync(async ct => 1, async ct => 2, async ct => 3, async ct => 4, async ct => 5));
        Assert.Equal(
            (1, 2, 3, 4, 5, 6),
            await Concurrently.TryJoinAsync(
                async ct => 1, async ct => 2, async ct => 3, async ct => 4, async ct => 5, async ct => 6));
        Assert.Equal(
            (1, 2, 3, 4, 5, 6, 7),
            await Concurrently.TryJoinAsync(
                ct => ATask(1, ct), async ct => 2, async ct => 3, async ct => 4, async ct => 5, async ct => 6, async ct => 7));
        Assert.Equal(
            (1, 2, 3, 4, 5, 6, 7, "8"),
            await Concurrently.TryJoinAsync(
                async ct => 1, async ct => 2, async ct => 3, async ct => 4, async ct => 5, async ct => 6, async ct => 7, async ct => "8"));

        var (a, b, c) = await Concurrently.JoinAsync(async ct => 1, async ct => "2", async ct => 3L);
        Assert.Equal((1, "2", 3L), (a.Value, b.Value, c.Value));
        var four = await Concurrently.JoinAsync(async ct => 1, async ct => 2, async ct => 3, async ct => 4);
        Assert.Equal((1, 4), (four.Item1.Value, four.Item4.Value));
        var five = await Concurrently.JoinAsync(async ct => 1, async ct => 2, async ct => 3, async ct => 4, async ct => 5);
        Assert.Equal((1, 5), (five.Item1.Value, five.Item5.Value));
        var six = await Concurrently.JoinAsync(
            async ct => 1, async ct => 2, async ct => 3, async ct => 4, async ct => 5, async ct => 6);
        Assert.Equal((5, 6), (six.Item5.Value, six.Item6.Value));
        var seven = await Concurrently.JoinAsync(
            async ct => 1, async ct => 2, async ct => 3, async ct => 4, async ct => 5, async ct => 6, async ct => 7);
        Assert.Equal((6, 7), (seven.Item6.Value, seven.Item7.Value));
        var eight = await Concurrently.JoinAsync(
            async ct => 1, async ct => 2, async ct => 3, async ct => 4, async ct => 5, async ct => 6, async ct => 7, async ct => "8");
        Assert.Equal((7, "8"), (eight.Item7.Value, eight.Item8.Value));
    });

    [Fact]
    public Task What_to_do_with_an_item() => InTime(async () =>
    {
        int[] numbers = [1, 2, 3];
        await Concurrently.ForEachAsync(numbers, 2, async (item, ct) => await AFiber());
        await Concurrently.ForEachAsync(numbers, 2, (item, ct) => ATask(item, ct));
        await Concurrently.ForEachAsync(numbers, 2, (item, ct) => ValueTask.CompletedTask, CancellationToken.None);
        await Concurrently.ForEachAsync(numbers.ToAsyncEnumerable(), 2, async (item, ct) => await Task.Yield());
        await Concurrently.ForEachAsync(numbers.ToAsyncEnumerable(), 2, (item, ct) => ATask(item, ct));
        await Concurrently.ForEachAsync(numbers.ToAsyncEnumerable(), 2, (item, ct) => AValueTask(item));

        int[] squares = [1, 4, 9];
        Assert.Equal(squares, await Concurrently.MapAsync(numbers, 2, async (item, ct) => item * item));
        Assert.Equal(squares, await Concurrently.MapAsync(numbers, 2, (item, ct) => ATask(item * item, ct)));
        Assert.Equal(squares, await Concurrently.MapAsync(numbers, 2, (item, ct) => AValueTask(item * item, ct)));
        IAsyncEnumerable<int> source = numbers.ToAsyncEnumerable();
        Assert.Equal(squares, await Concurrently.MapAsync(source, 2, async (item, ct) => item * item).ToArrayAsync());
        Assert.Equal(squares, await Concurrently.MapAsync(source, 2, (item, ct) => ATask(item * item, ct)).ToArrayAsync());
        Assert.Equal(squares, await Concurrently.MapAsync(source, 2, (item, ct) => AValueTask(item * item, ct)).ToArrayAsync());
        Assert.Equal(squares, await Concurrently.MapUnorderedAsync(source, 1, async (item, ct) => item * item).ToArrayAsync());
        Assert.Equal(squares, await Concurrently.MapUnorderedAsync(source, 1, (item, ct) => ATask(item * item, ct)).ToArrayAsync());
        Assert.Equal(squares, await Concurrently.MapUnorderedAsync(numbers, 1, (item, ct) => AValueTask(item * item, ct)).ToArrayAsync());
        Assert.Equal(squares, await Concurrently.MapUnorderedAsync(numbers, 1, async (item, ct) => item * item).ToArrayAsync());
        Assert.Equal(squares, await Concurrently.MapUnorderedAsync(numbers, 1, (item, ct) => ATask(item * item, ct)).ToArrayAsync());
    });

    [Fact]
    public Task Async_lambdas_run_as_fibers_of_their_child() => InTime(async () =>
    {
        bool[] fibers = await Concurrently.TryJoinAsync([async ct => WorkerThread.Current.Node is FiberBox<bool>]);
        Assert.Equal([true], fibers);
        (bool one, bool other) = await Concurrently.TryJoinAsync(
            async ct => WorkerThread.Current.Node is FiberBox<bool>, async ct => WorkerThread.Current.Node is FiberBox<bool>);
        Assert.True(one && other);
    });

    [Fact]
    public Task Misuse_throws_at_the_call() => InTime(() =>
    {
        Func<CancellationToken, Task<int>> work = ct => ATask(1, ct);
        Func<CancellationToken, Task<int>> none = null!;
        Assert.Throws<ArgumentNullException>(() => { _ = Concurrently.JoinAsync((Func<CancellationToken, Task<int>>[])null!); });
        Assert.Throws<ArgumentNullException>(() => { _ = Concurrently.TryJoinAsync(work, none); });
        Assert.Throws<ArgumentNullException>(() => { _ = Concurrently.JoinAsync(none, work); });
        Assert.Contains(
            "Number 2 of 2", Assert.Throws<ArgumentException>(() => { _ = Concurrently.TryJoinAsync([work, none]); }).Message);
        Assert.Throws<ArgumentException>(() => { _ = Concurrently.RaceAsync<int>((IEnumerable<Func<CancellationToken, Task<int>>>)[]); });
        Assert.Throws<ArgumentException>(() => { _ = Concurrently.RaceOkAsync((IEnumerable<Func<CancellationToken, Task<int>>>)[]); });
        Assert.Throws<ArgumentException>(
            () => { _ = Concurrently.StaggeredRaceAsync((IEnumerable<Func<CancellationToken, Task<int>>>)[], TimeSpan.Zero); });
        Assert.Throws<ArgumentOutOfRangeException>(
            () => { _ = Concurrently.StaggeredRaceAsync([work], TimeSpan.FromMilliseconds(-2)); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = Concurrently.ForEachAsync([1], 0, (_, ct) => ATask(1, ct)); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = Concurrently.MapAsync([1], 0, (_, ct) => ATask(1, ct)); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = Concurrently.MapUnorderedAsync([1], 0, (_, ct) => ATask(1, ct)); });
        Assert.Throws<ArgumentNullException>(
            () => { _ = Concurrently.ForEachAsync((IEnumerable<int>)null!, 1, (_, ct) => ATask(1, ct)); });
        Assert.Throws<ArgumentNullException>(
            () => { _ = Concurrently.ForEachAsync((IAsyncEnumerable<int>)null!, 1, (_, ct) => ATask(1, ct)); });
        Assert.Throws<ArgumentNullException>(() => { _ = Concurrently.ForEachAsync([1], 1, (Func<int, CancellationToken, Task>)null!); });
        Assert.Throws<ArgumentNullException>(() => { _ = Concurrently.MergeAsync<int>(null!); });
        Assert.Throws<ArgumentException>(() => { _ = Concurrently.ChainAsync<int>([null!]); });
        Assert.Throws<ArgumentNullException>(() => { _ = Concurrently.ZipAsync<int, int>(null!, null!); });
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_delegate_that_returns_null_fails_and_says_so() => InTime(async () =>
    {
        Func<CancellationToken, Task<int>> none = _ => null!;
        Assert.Contains("null", (await Assert.ThrowsAsync<InvalidOperationException>(() => Concurrently.TryJoinAsync([none]))).Message);
        Func<int, CancellationToken, Task> nothing = (_, _) => null!;
        Assert.Contains(
            "null", (await Assert.ThrowsAsync<InvalidOperationException>(() => Concurrently.ForEachAsync([1], 1, nothing))).Message);
    });

    private static async Fiber<int> Fibers(int value)
    {
        await Fiber.Yield();
        return value;
    }

    private static async Fiber AFiber() => await Fiber.Yield();

    private static async Task<int> ATask(int value, CancellationToken cancellationToken)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        return value;
    }

    private static Task<int> ATask(CancellationToken cancellationToken) => ATask(7, cancellationToken);

    private static Task<int> AnotherTask(CancellationToken cancellationToken) => ATask(8, cancellationToken);

    private static ValueTask<int> AValueTask(int value, CancellationToken cancellationToken) => new(ATask(value, cancellationToken));

    private static ValueTask AValueTask(int value) => new(ATask(value, default));
}
