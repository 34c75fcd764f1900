// Waits are started here and awaited later.
#pragma warning disable CA2012

using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Treeline.Tests.Channels;

public sealed class ChannelAdaptersTests : TreeTest
{
    [Fact]
    public Task A_reader_waits_and_reads_and_completes() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2);
        ChannelReader<int> reader = receiver.AsChannelReader();
        Assert.True(reader.CanCount);
        Task<bool> wait = reader.WaitToReadAsync().AsTask();
        Assert.False(wait.IsCompleted);
        await sender.SendAsync(1);
        Assert.True(await wait);
        Assert.Equal(1, reader.Count);
        await sender.SendAsync(2);
        sender.Dispose();
        Assert.True(reader.TryRead(out int item));
        Assert.Equal(1, item);
        Assert.True(await reader.WaitToReadAsync());
        Assert.False(reader.Completion.IsCompleted);
        Assert.Equal(2, await reader.ReadAsync());
        Assert.False(await reader.WaitToReadAsync());
        await reader.Completion;
        await Assert.ThrowsAsync<ChannelClosedException>(async () => await reader.ReadAsync());
    });

    [Fact]
    public Task A_reader_is_not_complete_before_what_lies_aside_is_read() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2);
        ChannelReader<int> reader = receiver.AsChannelReader();
        Task<bool> wait = reader.WaitToReadAsync().AsTask();
        await sender.SendAsync(1);
        sender.Complete(new OopsException("oops"));
        Assert.True(await wait);
        await Assert.ThrowsAsync<OopsException>(() => receiver.WhenOver);
        Assert.False(reader.Completion.IsCompleted);
        Assert.Equal(1, await reader.ReadAsync());
        await Assert.ThrowsAsync<OopsException>(() => reader.Completion);
        await Assert.ThrowsAsync<OopsException>(async () => await reader.WaitToReadAsync());
    });

    [Fact]
    public Task A_cancelled_wait_of_a_reader_has_taken_nothing() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(2);
        ChannelReader<int> reader = receiver.AsChannelReader();
        using var source = new CancellationTokenSource();
        Task<bool> wait = reader.WaitToReadAsync(source.Token).AsTask();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        await sender.SendAsync(1);
        Assert.Equal(1, receiver.Count);
    });

    [Fact]
    public Task A_writer_waits_for_a_place_and_completes() => InTime(async () =>
    {
        (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Bounded<int>(1);
        ChannelWriter<int> writer = sender.AsChannelWriter();
        Assert.True(await writer.WaitToWriteAsync());
        Assert.True(writer.TryWrite(1));
        Assert.False(writer.TryWrite(2));
        Task<bool> wait = writer.WaitToWriteAsync().AsTask();
        Assert.False(wait.IsCompleted);
        Assert.Equal(1, await receiver.ReceiveAsync());
        Assert.True(await wait);
        await writer.WriteAsync(2);
        Assert.True(writer.TryComplete(new OopsException("oops")));
        Assert.False(writer.TryComplete());
        await Assert.ThrowsAsync<OopsException>(async () => await writer.WaitToWriteAsync());
        Assert.Equal(2, await receiver.ReceiveAsync());
    });

    [Fact]
    public Task A_reader_of_dotnet_is_received_from_and_its_end_is_the_channels() => InTime(async () =>
    {
        Channel<int> channel = Channel.CreateUnbounded<int>();
        await TaskScope.RunAsync(async scope =>
        {
            using MpscReceiver<int> receiver = channel.Reader.ToReceiver(scope, capacity: 2, name: "reading");
            for (int i = 0; i < 100; i++)
            {
                Assert.True(channel.Writer.TryWrite(i));
            }

            channel.Writer.Complete();
            var received = new List<int>();
            await foreach (int item in receiver.WithCancellation(CancellationToken.None))
            {
                received.Add(item);
            }

            Assert.Equal(Enumerable.Range(0, 100), received);
        });
    });

    [Fact]
    public Task An_error_that_was_received_is_not_unobserved_too() => InTime(async () =>
    {
        bool seen = false;
        EventHandler<UnobservedTaskExceptionEventArgs> listener = (_, args) =>
            Volatile.Write(ref seen, Volatile.Read(ref seen) || args.Exception.ToString().Contains("received by many", StringComparison.Ordinal));
        TaskScheduler.UnobservedTaskException += listener;
        try
        {
            await Task.Run(ReceiveAsync);
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                await Task.Yield(); // off the stack on which the tasks ended
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= listener;
        }

        Assert.False(Volatile.Read(ref seen));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static async Task ReceiveAsync()
        {
            (MpscSender<int> sender, MpscReceiver<int> receiver) = Mpsc.Unbounded<int>();
            Task completion = receiver.AsChannelReader().Completion; // which nobody looks at
            sender.Complete(new OopsException("received by many"));
            ChannelClosedException thrown =
                await Assert.ThrowsAsync<ChannelClosedException>(async () => await receiver.ReceiveAsync());
            Assert.IsType<OopsException>(thrown.InnerException);
            await Until(() => completion.IsFaulted);
        }
    });

    [Fact]
    public Task The_error_of_a_reader_of_dotnet_is_the_channels() => InTime(async () =>
    {
        Channel<int> channel = Channel.CreateUnbounded<int>();
        channel.Writer.Complete(new OopsException("oops"));
        await TaskScope.RunAsync(async scope =>
        {
            using MpscReceiver<int> receiver = channel.Reader.ToReceiver(scope);
            ChannelClosedException error = await Assert.ThrowsAsync<ChannelClosedException>(
                async () => await receiver.ReceiveAsync(CancellationToken.None));
            Assert.IsType<OopsException>(error.InnerException);
        });
    });

    [Fact]
    public Task A_child_that_reads_stops_when_nobody_receives_and_hands_back_what_it_has() => InTime(async () =>
    {
        Channel<int> channel = Channel.CreateUnbounded<int>();
        for (int i = 0; i < 10; i++)
        {
            Assert.True(channel.Writer.TryWrite(i));
        }

        var undelivered = new List<int>();
        await TaskScope.RunAsync(async scope =>
        {
            MpscReceiver<int> receiver = channel.Reader.ToReceiver(scope, capacity: 3, undelivered.Add);
            Assert.Equal(0, await receiver.ReceiveAsync(CancellationToken.None));
            receiver.Dispose();
        });
        Assert.Equal(9, undelivered.Count + channel.Reader.Count);
        Assert.Equal(Enumerable.Range(1, undelivered.Count), undelivered);
    });

    [Fact]
    public Task A_scope_that_is_cancelled_ends_the_channel() => InTime(async () =>
    {
        Channel<int> channel = Channel.CreateUnbounded<int>();
        await using var scope = TaskScope.Open();
        using MpscReceiver<int> receiver = channel.Reader.ToReceiver(scope);
        Task<int> receive = receiver.ReceiveAsync().AsTask();
        scope.Cancel();
        ChannelClosedException error = await Assert.ThrowsAsync<ChannelClosedException>(() => receive);
        Assert.IsAssignableFrom<OperationCanceledException>(error.InnerException);
        using MpscReceiver<int> late = channel.Reader.ToReceiver(scope);
        await Assert.ThrowsAsync<ChannelClosedException>(async () => await late.ReceiveAsync());
    });
}
