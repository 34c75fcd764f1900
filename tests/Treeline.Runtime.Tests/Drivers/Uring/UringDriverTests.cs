using Treeline.Drivers.Linux;
using Treeline.Drivers.Uring;
using Treeline.Net;
using Treeline.Tests.Net.Conformance;

namespace Treeline.Tests.Drivers.Uring;

public sealed class UringDriverTests : UringTest
{
    [Theory]
    [InlineData(1, "seccomp")]
    [InlineData(12, "ulimit -l")]
    [InlineData(22, "Linux 6.1")]
    [InlineData(24, "descriptor")]
    [InlineData(38, "ENOSYS")]
    [InlineData(5, "errno 5")]
    public void Where_it_is_refused_it_says_why(int error, string reason) =>
        Assert.Contains(reason, UringDriver.Explain((Errno)error), StringComparison.Ordinal);

    [Fact]
    public void A_ring_that_the_kernel_refuses_leaves_nothing_behind()
    {
        if (!UringThread.IsThere)
        {
            return;
        }

        int before = Descriptors;
        Assert.False(UringDriver.TryCreate(1 << 20, 1 << 21, 4, 4, out UringDriver? driver, out string? obstacle));
        Assert.Null(driver);
        Assert.Contains("io_uring", obstacle, StringComparison.Ordinal);
        Assert.False(UringDriver.TryCreate(8, 16, 4, 3, out driver, out obstacle)); // a ring of buffers is a power of two
        Assert.Equal(before, Descriptors);
    }

    [Fact]
    public Task A_wait_ends_when_its_time_is_over() => OnDriverOfThisThread(driver =>
    {
        Assert.False(driver.Wait(1));
        Assert.False(driver.Wait(0));
    });

    [Fact]
    public Task Who_is_woken_before_it_waits_does_not_wait() => OnDriverOfThisThread(driver =>
    {
        driver.Wake();
        driver.Wake();
        driver.Wait(-1);
        driver.Dispatch();
        Assert.False(driver.Wait(1)); // both were for one wait
    });

    [Fact]
    public Task No_wake_up_is_lost_however_close_it_comes() => OnDriverOfThisThread(driver =>
    {
        const int Rounds = 3000;
        int asked = 0;
        int seen = 0;
        var random = new Random(1);
        using var together = new Together();
        for (int round = 1; round <= Rounds; round++)
        {
            together.Begin(
                () =>
                {
                    Volatile.Write(ref asked, round);
                    driver.Wake();
                },
                random.Next(300));
            Thread.SpinWait(random.Next(300));
            while (seen < round)
            {
                // Would hang if the wake-up fell between the look and the wait.
                driver.Wait(-1);
                driver.Dispatch();
                seen = Volatile.Read(ref asked);
            }

            together.End();
        }
    });

    [Fact]
    public Task Looking_costs_no_system_call_when_there_is_nothing() => OnDriverOfThisThread(driver =>
    {
        driver.Wait(0); // hands over the read of the event
        long before = driver.Ring.Enters;
        for (int i = 0; i < 10; i++)
        {
            driver.Wait(0);
        }

        Assert.Equal(before, driver.Ring.Enters);
    });

    [Fact]
    public Task More_completions_than_there_is_room_for_all_come() => OnDriver(
        async (thread, network) =>
        {
            const int Count = 100;
            var connections = new List<Connection>();
            var reads = new List<Task<int>>();
            using (ListenSocket listener = network.Listen(AnyPort, 256, reusePort: false))
            {
                for (int i = 0; i < Count; i++)
                {
                    connections.Add(await Connection.OpenAsync(network, listener));
                    reads.Add(connections[i].Server.ReadAsync(new byte[1], default).AsTask());
                }
            }

            // All at once, while nobody takes completions. The sockets of .NET send without the driver.
            for (int round = 0; round < 20; round++)
            {
                ManualResetEventSlim held = thread.Hold();
                for (int i = 0; i < Count; i++)
                {
                    Assert.True(connections[i].Client.TryWrite(new byte[1], out _));
                }

                held.Set();
                for (int i = 0; i < Count; i++)
                {
                    Assert.Equal(1, await reads[i]);
                    reads[i] = connections[i].Server.ReadAsync(new byte[1], default).AsTask();
                }
            }

            Assert.NotEqual(0, thread.Overflows);
            foreach (Connection connection in connections)
            {
                connection.Server.Dispose(); // first, or its read might see that the other end was closed
                connection.Dispose();
            }

            foreach (Task<int> read in reads)
            {
                await Assert.ThrowsAsync<ObjectDisposedException>(() => read);
            }
        },
        static () => new UringThread(submissions: 8, completions: 16));

    [Fact]
    public Task Who_waits_gets_its_bytes_although_others_hold_all_buffers() => OnDriver(
        async (thread, network) =>
        {
            using Connection greedy = await ConnectAsync(network);
            using Connection modest = await ConnectAsync(network);
            const int Many = 64 * 1024;
            await greedy.Server.ReadableCaseAsync(() => greedy.Client.WriteAllAsync(Transfer.Bytes(0, Many)));
            await Until(() => thread.Driver.Buffers.Held == 4);
            for (int round = 0; round < 10; round++)
            {
                ValueTask<int> reading = modest.Server.ReadAsync(new byte[5], default);
                await modest.Client.WriteAllAsync(new byte[5]);
                Assert.InRange(await reading, 1, 5);
                while (modest.Server.TryRead(new byte[5], out _))
                {
                }
            }

            Transfer.Check(await greedy.Server.ReadExactlyAsync(Many), 0);
        },
        static () => new UringThread(firstBuffers: 4, mostBuffers: 4));

    [Fact]
    public Task Buffers_are_made_when_they_are_used_up() => OnDriver(
        async (thread, network) =>
        {
            Assert.Equal(2, thread.Driver.Buffers.Made);
            using Connection connection = await ConnectAsync(network);
            const int Many = 32 * 1024;
            await connection.Server.ReadableCaseAsync(() => connection.Client.WriteAllAsync(Transfer.Bytes(0, Many)));
            Transfer.Check(await connection.Server.ReadExactlyAsync(Many), 0);
            Assert.InRange(thread.Driver.Buffers.Made, 4, 64);
        },
        static () => new UringThread(firstBuffers: 2, mostBuffers: 64));

    [Fact]
    public Task A_driver_that_ends_ends_what_is_in_flight_and_closes_everything() => InTime(async () =>
    {
        if (!UringThread.IsThere)
        {
            return;
        }

        foreach (bool detaches in (bool[])[true, false])
        {
            int before = Descriptors;
            var thread = new UringThread(detaches: detaches);
            Network network = thread.Driver.Network;
            ListenSocket listener = network.Listen(AnyPort, 16, reusePort: false);
            Connection connection = await Connection.OpenAsync(network, listener);
            DatagramSocket datagrams = network.Bind(AnyPort, reusePort: false);
            Task[] waits =
            [
                listener.AcceptAsync(default).AsTask(),
                connection.Client.ReadAsync(new byte[1], default).AsTask(),
                connection.Server.ReadableAsync(default).AsTask(),
                datagrams.ReceiveFromAsync(new byte[1], default).AsTask(),
                new Select<int>().On(connection.Server.ReadableCase(), static () => 1).WaitAsync().AsTask(),
            ];
            thread.Dispose();
            foreach (Task wait in waits[..4])
            {
                await Assert.ThrowsAsync<ObjectDisposedException>(() => wait);
            }

            await Assert.ThrowsAnyAsync<InvalidOperationException>(() => waits[4]); // somebody read already; or it was disposed
            Assert.Throws<ObjectDisposedException>(() => network.Bind(AnyPort, reusePort: false));
            await Assert.ThrowsAsync<ObjectDisposedException>(async () => await connection.Client.ReadAsync(new byte[1], default));
            connection.Dispose();
            listener.Dispose();
            datagrams.Dispose();
            thread.Driver.Wake(); // of no use, and no harm
            Assert.Equal(before, Descriptors);
        }
    });

    [Fact]
    public Task What_was_written_is_sent_before_a_driver_ends() => InTime(async () =>
    {
        if (!UringThread.IsThere)
        {
            return;
        }

        using var other = new UringThread();
        using ListenSocket listener = other.Driver.Network.Listen(AnyPort, 16, reusePort: false);
        StreamSocket server;
        using (var thread = new UringThread())
        {
            ValueTask<StreamSocket> accepting = listener.AcceptAsync(default);
            StreamSocket client = await thread.Driver.Network.ConnectAsync(listener.LocalEndPoint, default);
            server = await accepting;
            await client.WriteAllAsync(Transfer.Bytes(0, 10_000));
        }

        using (server)
        {
            Assert.Equal(10_000, await server.ReadToEndAsync());
        }
    });

    private Task OnDriverOfThisThread(Action<UringDriver> test) => InTime(() => Task.Factory.StartNew(
        () =>
        {
            if (UringDriver.TryCreate(8, 16, 2, 2, out UringDriver? driver, out _))
            {
                using (driver)
                {
                    driver.Attach();
                    test(driver);
                }
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default));
}
