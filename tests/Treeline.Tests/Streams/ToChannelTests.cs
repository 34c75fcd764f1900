using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Treeline.Tests.Streams;

public sealed class ToChannelTests : TreeTest
{
    private readonly TaskCompletionSource _unwound = Signal();

    [Fact]
    public Task Everything_gets_there_and_then_the_channel_is_over() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        using MpscReceiver<int> receiver = AsyncEnumerable.Range(0, 1_000).ToChannel(scope, 3);
        Assert.Equal(0, await receiver.ReceiveAsync());
        Assert.Equal(Enumerable.Range(1, 999), await receiver.ToArrayAsync());
        await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
        await scope.JoinAsync();
    });

    [Fact]
    public Task A_failure_is_the_receivers_after_what_came_before() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        using MpscReceiver<int> receiver = Make().ToChannel(scope, 10);
        Assert.Equal(1, await receiver.ReceiveAsync());
        ChannelClosedException thrown = await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
        Assert.Equal("source", Assert.IsType<OopsException>(thrown.InnerException).Message);
        await scope.JoinAsync();

        static async IAsyncEnumerable<int> Make()
        {
            yield return 1;
            await Task.Yield();
            throw new OopsException("source");
        }
    });

    [Fact]
    public Task When_the_receiver_is_disposed_the_source_is_cancelled() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        MpscReceiver<int> receiver = OneAndThenNone().ToChannel(scope, 10);
        Assert.Equal(1, await receiver.ReceiveAsync());
        receiver.Dispose();
        await scope.JoinAsync();
        Assert.True(_unwound.Task.IsCompleted);
    });

    [Fact]
    public Task When_the_receiver_is_closed_the_source_is_left_with_its_next_item_and_nothing_in_the_channel_is_lost() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        TaskCompletionSource go = Signal();
        using MpscReceiver<int> receiver = Make().ToChannel(scope, 10);
        await Until(() => receiver.Count == 2);
        receiver.Close();
        go.SetResult();
        await scope.JoinAsync();
        Assert.Equal(Enumerable.Range(1, 2), await receiver.ToArrayAsync());

        async IAsyncEnumerable<int> Make()
        {
            yield return 1;
            yield return 2;
            await go.Task;
            yield return 3;
            yield return 4;
        }
    });

    [Fact]
    public Task When_the_scope_is_cancelled_the_receiver_learns() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open();
        using MpscReceiver<int> receiver = OneAndThenNone().ToChannel(scope, 10);
        Assert.Equal(1, await receiver.ReceiveAsync());
        scope.Cancel();
        ChannelClosedException thrown = await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
        Assert.IsAssignableFrom<OperationCanceledException>(thrown.InnerException);
        await scope.DisposeAsync();
        Assert.True(_unwound.Task.IsCompleted);
    });

    [Fact]
    public Task In_a_scope_that_was_cancelled_before_the_channel_is_over_at_once() => InTime(async () =>
    {
        await using TaskScope scope = TaskScope.Open();
        scope.Cancel();
        using MpscReceiver<int> receiver = OneAndThenNone().ToChannel(scope, 10);
        await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
        Assert.False(_unwound.Task.IsCompleted);
    });

    [Fact]
    public Task A_failure_in_unwinding_when_nobody_receives_any_more_is_the_scopes() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open();
        MpscReceiver<int> receiver = Make().ToChannel(scope, 10);
        Assert.Equal(1, await receiver.ReceiveAsync());
        receiver.Dispose();
        await Assert.ThrowsAsync<OopsException>(() => scope.JoinAsync());
        await scope.DisposeAsync();

        static async IAsyncEnumerable<int> Make([EnumeratorCancellation] CancellationToken ct = default)
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
    public Task Misuse_is_refused_at_the_call() => InTime(async () =>
    {
        TaskScope scope = TaskScope.Open();
        Assert.Throws<ArgumentOutOfRangeException>(() => AsyncEnumerable.Range(0, 1).ToChannel(scope, 0));
        await scope.DisposeAsync();
        Assert.Throws<InvalidOperationException>(() => AsyncEnumerable.Range(0, 1).ToChannel(scope, 1));
    });

    private async IAsyncEnumerable<int> OneAndThenNone([EnumeratorCancellation] CancellationToken ct = default)
    {
        try
        {
            yield return 1;
            await Forever(ct);
        }
        finally
        {
            await Task.Yield();
            _unwound.SetResult();
        }
    }
}
