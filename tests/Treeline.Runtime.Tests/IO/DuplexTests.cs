using System.Net.Sockets;
using Treeline.IO;
using Treeline.Net;
using Treeline.Testing;

// Waits that have ended are looked into by hand.
#pragma warning disable CA2012

namespace Treeline.Tests.IO;

public sealed class DuplexTests : TreeTest
{
    [Fact]
    public Task What_one_end_writes_the_other_reads() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair();
        Assert.Equal(3, await one.WriteAsync(new byte[] { 1, 2, 3 }, default));
        Assert.Equal(2, await other.WriteAsync(new byte[] { 4, 5 }, default));
        Assert.Equal([1, 2, 3], await ReadAsync(other, 10));
        Assert.Equal([4], await ReadAsync(one, 1));
        Assert.Equal([5], await ReadAsync(one, 10));
    });

    [Fact]
    public Task A_read_waits_for_bytes_and_gets_them_all_at_once() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair();
        var buffer = new byte[10];
        ValueTask<int> read = other.ReadAsync(buffer, default);
        Assert.False(read.IsCompleted);
        Assert.False(one.TryRead(new byte[1], out _));
        Assert.True(one.TryWrite([7, 8], out int written));
        Assert.Equal(2, written);
        Assert.True(read.IsCompletedSuccessfully);
        Assert.Equal(2, await read);
        Assert.Equal([7, 8], buffer[..2]);
    });

    [Fact]
    public Task A_write_takes_what_there_is_room_for_and_waits_when_there_is_none() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair(capacity: 4);
        Assert.Equal(4, await one.WriteAsync(new byte[] { 1, 2, 3, 4, 5, 6 }, default));
        Assert.False(one.TryWrite([5], out int none));
        Assert.Equal(0, none);
        ValueTask<int> write = one.WriteAsync(new byte[] { 5, 6, 7 }, default);
        ValueTask writable = other.WritableAsync(default);
        Assert.True(writable.IsCompletedSuccessfully);
        await writable;
        Assert.False(write.IsCompleted);
        Assert.Equal([1, 2], await ReadAsync(other, 2));
        Assert.True(write.IsCompletedSuccessfully);
        Assert.Equal(2, await write);
        Assert.Equal([3, 4, 5, 6], await ReadAsync(other, 10));
    });

    [Fact]
    public Task Several_buffers_are_written_one_after_another() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair(capacity: 5);
        ReadOnlyMemory<byte>[] buffers = [new byte[] { 1, 2 }, default, new byte[] { 3 }, new byte[] { 4, 5, 6 }];
        Assert.Equal(5, await one.WriteVectoredAsync(buffers, default));
        ValueTask<int> waiting = one.WriteVectoredAsync(buffers, default);
        Assert.Equal([1, 2, 3, 4, 5], await ReadAsync(other, 10));
        Assert.Equal(5, await waiting);
        Assert.Equal([1, 2, 3, 4, 5], await ReadAsync(other, 10));
    });

    [Fact]
    public Task A_peek_leaves_the_bytes_there() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair();
        var buffer = new byte[4];
        ValueTask<int> peek = other.PeekAsync(buffer, default);
        await one.WriteAsync(new byte[] { 1, 2, 3 }, default);
        Assert.Equal(3, await peek);
        Assert.Equal([1, 2, 3], buffer[..3]);
        Assert.Equal(3, await other.PeekAsync(buffer, default));
        Assert.Equal([1, 2, 3], await ReadAsync(other, 4));
    });

    [Fact]
    public Task After_the_end_what_was_written_is_read_and_the_other_direction_goes_on() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair();
        await one.WriteAsync(new byte[] { 1 }, default);
        one.ShutdownSend();
        one.ShutdownSend();
        Assert.Equal([1], await ReadAsync(other, 10));
        Assert.Empty(await ReadAsync(other, 10));
        Assert.Empty(await ReadAsync(other, 10));
        await other.WriteAsync(new byte[] { 2 }, default);
        Assert.Equal([2], await ReadAsync(one, 10));
        await AssertFails(SocketError.Shutdown, async () => await one.WriteAsync(new byte[1], default));
    });

    [Fact]
    public Task Who_waits_to_read_sees_the_end_come() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair();
        ValueTask<int> read = other.ReadAsync(new byte[1], default);
        one.Dispose();
        Assert.Equal(0, await read);
        await AssertFails(SocketError.Shutdown, async () => await other.WriteAsync(new byte[1], default));
        other.Dispose();
    });

    [Fact]
    public Task Bytes_left_unread_reset_the_other_end() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair(capacity: 2);
        await other.WriteAsync(new byte[] { 9 }, default);
        await one.WriteAsync(new byte[] { 1, 2 }, default);
        ValueTask<int> write = one.WriteAsync(new byte[] { 3 }, default);
        other.Dispose();
        await AssertFails(SocketError.ConnectionReset, async () => await write);
        Assert.Equal([9], await ReadAsync(one, 1)); // it had come before
        await AssertFails(SocketError.ConnectionReset, async () => await one.ReadAsync(new byte[1], default));
        await AssertFails(SocketError.ConnectionReset, async () => await one.WriteAsync(new byte[1], default));
        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => one.TryRead(new byte[1], out _)).SocketErrorCode);
        one.Dispose();
    });

    [Fact]
    public Task An_abort_resets_the_other_end() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair();
        ValueTask<int> read = one.ReadAsync(new byte[1], default);
        other.Abort();
        SocketException error = await AssertFails(SocketError.ConnectionReset, async () => await read);
        Assert.Contains("was reset by the second end of a duplex pair", error.Message, StringComparison.Ordinal);
        await AssertFails(SocketError.ConnectionReset, async () => await one.WriteAsync(new byte[1], default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await other.ReadAsync(new byte[1], default));
    });

    [Fact]
    public Task Disposing_ends_what_is_in_flight_and_what_comes_later() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair(capacity: 1);
        await one.WriteAsync(new byte[1], default);
        ValueTask<int> write = one.WriteAsync(new byte[1], default);
        ValueTask<int> read = one.ReadAsync(new byte[1], default);
        one.Dispose();
        one.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await write);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await read);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await one.ReadAsync(new byte[1], default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await one.ReadableAsync(default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await one.WriteAsync(new byte[1], default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await one.WritableAsync(default));
        Assert.Throws<ObjectDisposedException>(one.ShutdownSend);
        Assert.Single(await ReadAsync(other, 10));
        Assert.Empty(await ReadAsync(other, 10));
    });

    [Fact]
    public Task A_second_read_or_write_in_flight_is_refused() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair(capacity: 1);
        await one.WriteAsync(new byte[1], default);
        ValueTask<int> write = one.WriteAsync(new byte[1], default);
        ValueTask readable = one.ReadableAsync(default);
        Assert.Throws<InvalidOperationException>(() => { _ = one.WriteAsync(new byte[1], default); });
        Assert.Throws<InvalidOperationException>(() => { _ = one.WritableAsync(default); });
        Assert.Throws<InvalidOperationException>(() => { _ = one.PeekAsync(new byte[1], default); });
        Assert.Contains(
            "await the one before",
            Assert.Throws<InvalidOperationException>(() => { _ = one.ReadAsync(new byte[1], default); }).Message,
            StringComparison.Ordinal);
        await other.WriteAsync(new byte[1], default);
        await readable;
        await ReadAsync(other, 1);
        await write;
    });

    [Fact]
    public Task A_cancelled_read_takes_nothing_and_a_cancelled_write_writes_nothing() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair(capacity: 2);
        using var source = new CancellationTokenSource();
        ValueTask<int> read = other.ReadAsync(new byte[2], source.Token);
        await one.WriteAsync(default, default);
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);
        await one.WriteAsync(new byte[] { 1, 2 }, default);

        using var again = new CancellationTokenSource();
        ValueTask<int> write = one.WriteAsync(new byte[] { 3 }, again.Token);
        again.Cancel();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await write);
        Assert.Equal("The wait for write to the second end of a duplex pair was cancelled; it took nothing.", error.Message);
        Assert.Equal([1, 2], await ReadAsync(other, 10));
        Assert.False(other.TryRead(new byte[1], out _));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await one.WriteAsync(new byte[1], again.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await one.ReadAsync(new byte[1], again.Token));
        Assert.False(other.TryRead(new byte[1], out _));
    });

    [Fact]
    public Task Readable_is_a_case_of_a_select() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair();
        var notify = new Notify();
        Select<string> first = new Select<string>()
            .On(notify.NotifiedCase(), () => "notified")
            .On(other.ReadableCase(), () => "readable");
        ValueTask<string> wait = first.WaitAsync();
        notify.NotifyOne();
        Assert.Equal("notified", await wait);
        wait = first.WaitAsync();
        await one.WriteAsync(new byte[1], default);
        Assert.Equal("readable", await wait);
        Assert.Equal("readable", await first.WaitAsync());
        Assert.Single(await ReadAsync(other, 4)); // the case took nothing
    });

    [Fact]
    public Task Who_waits_shows_what_for() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair();
        await TaskScope.RunAsync(async scope =>
        {
            ChildTask child = scope.Spawn(async ct => { await other.ReadAsync(new byte[1], ct); }, "reads");
            await Until(() => Find("reads").WaitsOn == "read from the first end of a duplex pair");
            await one.WriteAsync(new byte[1], default);
            await child;
        });
    });

    [Fact]
    public Task A_fiber_goes_on_where_its_scope_runs() => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair();
        using var thread = new DedicatedThread();
        await TaskScope.RunAsync(
            async scope =>
            {
                ChildTask child = scope.Spawn(
                    async ct =>
                    {
                        await other.ReadAsync(new byte[1], ct);
                        Assert.True(thread.IsCurrent);
                    },
                    "reads");
                await Until(() => Find("reads").WaitsOn is not null);
                await one.WriteAsync(new byte[1], default);
                await child;
            },
            new ScopeOptions { Executor = thread });
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task Cancelled_while_bytes_come_no_byte_is_lost_or_seen_twice(int seed) => InTime(async () =>
    {
        (StreamSocket one, StreamSocket other) = Pair(capacity: 7);
        const int Total = 20_000;
        var random = new Random(seed);
        Task writer = Task.Run(
            async () =>
            {
                var chances = new Random(~seed);
                byte next = 0;
                for (int left = Total; left > 0;)
                {
                    var buffer = new byte[Math.Min(left, chances.Next(1, 12))];
                    for (int i = 0; i < buffer.Length; i++)
                    {
                        buffer[i] = (byte)(next + i);
                    }

                    int written = await RaceAsync(source => one.WriteAsync(buffer, source.Token), chances);
                    next += (byte)written;
                    left -= written;
                }

                one.Dispose();
            });
        byte expected = 0;
        int total = 0;
        bool ended = false;
        while (!ended)
        {
            var buffer = new byte[random.Next(1, 12)];
            bool cancelled = false;
            int read = await RaceAsync(source => other.ReadAsync(buffer, source.Token), random, () => cancelled = true);
            ended = read == 0 && !cancelled;
            for (int i = 0; i < read; i++)
            {
                Assert.True(buffer[i] == expected, $"Byte {total} is {buffer[i]}, not {expected}; seed {seed}.");
                expected++;
                total++;
            }
        }

        Assert.Equal(Total, total);
        await writer;
    });

    [Fact]
    public void Every_schedule_brings_all_bytes_in_order() => Deterministic.Explore(500, static async run =>
    {
        (StreamSocket one, StreamSocket other) = Pair(capacity: run.Random.Next(1, 9));
        var sent = new byte[run.Random.Next(1, 60)];
        run.Random.NextBytes(sent);
        run.Scope.Spawn(async ct =>
        {
            for (int at = 0; at < sent.Length;)
            {
                at += await one.WriteAsync(sent.AsMemory(at, Math.Min(sent.Length - at, run.Random.Next(1, 9))), ct);
            }

            one.ShutdownSend();
            Assert.Equal(0, await one.ReadAsync(new byte[1], ct));
            one.Dispose();
        });
        var got = new List<byte>();
        while (true)
        {
            byte[] some = await ReadAsync(other, run.Random.Next(1, 9));
            if (some.Length == 0)
            {
                break;
            }

            got.AddRange(some);
        }

        other.Dispose();
        Assert.Equal(sent, got);
    });

    [Fact]
    public Task Disposed_while_it_reads_the_read_ends() => InTime(async () =>
    {
        for (int round = 0; round < 1_000; round++)
        {
            (StreamSocket one, StreamSocket other) = Pair();
            using var begin = new Barrier(2);
            var disposing = new Thread(() =>
            {
                begin.SignalAndWait();
                other.Dispose();
            });
            disposing.Start();
            begin.SignalAndWait();
            Task<int> read = ReadAtOnce(other);
            await Assert.ThrowsAsync<ObjectDisposedException>(() => read);
            disposing.Join();
            one.Dispose();
        }

        static async Task<int> ReadAtOnce(StreamSocket socket) => await socket.ReadAsync(new byte[1], default);
    });

    [Fact]
    public void Warm_it_allocates_nothing()
    {
        (StreamSocket one, StreamSocket other) = Pair();
        var buffer = new byte[64];
        long least = long.MaxValue;
        for (int round = 0; round < 10 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                PassOn(one, other, buffer);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public void A_capacity_must_be_positive() => Assert.Throws<ArgumentOutOfRangeException>(() => Duplex.CreatePair(0));

    private static void PassOn(StreamSocket one, StreamSocket other, byte[] buffer)
    {
        ValueTask<int> waits = other.ReadAsync(buffer, default);
        one.WriteAsync(buffer, default).GetAwaiter().GetResult();
        waits.GetAwaiter().GetResult();
    }

    private static (StreamSocket One, StreamSocket Other) Pair(int capacity = 1024)
    {
        (DuplexStream one, DuplexStream other) = Duplex.CreatePair(capacity);
        return (one.Socket, other.Socket);
    }

    private static async Task<byte[]> ReadAsync(StreamSocket socket, int most)
    {
        var buffer = new byte[most];
        return buffer[..await socket.ReadAsync(buffer, default)];
    }

    private static async Task<SocketException> AssertFails(SocketError expected, Func<Task> operation)
    {
        SocketException error = await Assert.ThrowsAsync<SocketException>(operation);
        Assert.Equal(expected, error.SocketErrorCode);
        return error;
    }

    /// <summary>Does something that may be cancelled at just the time when it can be done; 0 if it was.</summary>
    private static async Task<int> RaceAsync(
        Func<CancellationTokenSource, ValueTask<int>> operation, Random random, Action? cancelled = null)
    {
        using var source = new CancellationTokenSource();
        Task<int> task = operation(source).AsTask();
        if (random.Next(3) > 0)
        {
            Thread.SpinWait(random.Next(60));
            source.Cancel();
        }

        try
        {
            return await task;
        }
        catch (OperationCanceledException)
        {
            cancelled?.Invoke();
            return 0;
        }
    }
}
