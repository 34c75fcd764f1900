using System.Net;
using Treeline.Net;
using Treeline.Tests.Net.Conformance;

namespace Treeline.Tests.Drivers.Uring;

/// <summary>Runtimes with a thread to a core wait in io_uring.</summary>
public sealed class UringRuntimeTests : UringTest
{
    [Fact]
    public Task A_thread_to_a_core_gets_io_uring_where_it_is_to_be_had() => InTime(async () =>
    {
        await using Runtime runtime = Runtime.CreateBuilder().ThreadPerCore(2).EnableAll().Build();
        RuntimeMetrics metrics = runtime.Metrics;
        if (UringThread.IsThere)
        {
            Assert.Equal("io_uring", metrics.Driver);
            Assert.Null(metrics.DriverNote);
        }
        else
        {
            Assert.NotEqual("io_uring", metrics.Driver);
            Assert.Equal(OperatingSystem.IsLinux(), metrics.DriverNote is not null);
        }
    });

    [Fact]
    public void It_fits_no_other_runtime()
    {
        PlatformNotSupportedException e = Assert.Throws<PlatformNotSupportedException>(
            static () => Runtime.CreateBuilder().MultiThread(2).EnableAll().UseDriver(DriverKind.IoUring).Build());
        Assert.Contains("ThreadPerCore()", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public Task A_thread_to_a_core_takes_epoll_when_told_to() => InTime(async () =>
    {
        if (OperatingSystem.IsLinux())
        {
            await using Runtime runtime = Runtime.CreateBuilder().ThreadPerCore(1).EnableAll().UseDriver(DriverKind.Epoll).Build();
            Assert.Equal("epoll", runtime.Metrics.Driver);
        }
    });

    [Fact]
    public Task Each_core_has_sockets_of_its_own_and_they_talk_to_each_other() => InTime(async () =>
    {
        if (!UringThread.IsThere)
        {
            return;
        }

        const int Clients = 20;
        const int Rounds = 50;
        int before = Descriptors;
        await using (Runtime runtime = Runtime.CreateBuilder().ThreadPerCore(2).EnableAll().Build())
        {
            TaskCompletionSource<EndPoint> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await using TaskScope servers = TaskScope.Open(new ScopeOptions { Executor = runtime.Executors[1] });
            servers.Spawn(async ct =>
            {
                using ListenSocket listener = Network.OfCaller.Listen(AnyPort, 64, reusePort: false);
                listening.SetResult(listener.LocalEndPoint);
                for (int i = 0; i < Clients; i++)
                {
                    StreamSocket socket = await listener.AcceptAsync(ct);
                    servers.Spawn(async ct =>
                    {
                        using (socket)
                        {
                            byte[] buffer = new byte[4096];
                            while (await socket.ReadAsync(buffer, ct) is > 0 and int read)
                            {
                                Assert.Same(runtime.Executors[1], Executor.Current);
                                await socket.WriteAllAsync(buffer.AsMemory(0, read));
                            }
                        }
                    });
                }
            });
            EndPoint target = await listening.Task;
            await TaskScope.RunAsync(
                async scope =>
                {
                    for (int client = 0; client < Clients; client++)
                    {
                        scope.Spawn(async ct =>
                        {
                            using StreamSocket socket = await Network.OfCaller.ConnectAsync(target, ct);
                            for (int round = 0; round < Rounds; round++)
                            {
                                byte[] bytes = Transfer.Bytes(round * 1000, 1000);
                                await socket.WriteAllAsync(bytes);
                                Assert.Equal(bytes, await socket.ReadExactlyAsync(bytes.Length));
                                Assert.Same(runtime.Executors[0], Executor.Current);
                            }
                        });
                    }

                    await Task.CompletedTask;
                },
                new ScopeOptions { Executor = runtime.Executors[0] });
            await servers.JoinAsync();
        }

        Assert.Equal(before, Descriptors);
    });

    [Fact]
    public Task A_runtime_that_is_shut_down_closes_what_is_open() => InTime(async () =>
    {
        if (!UringThread.IsThere)
        {
            return;
        }

        int before = Descriptors;
        ValueTask<StreamSocket> accepting = default;
        await using (Runtime runtime = Runtime.CreateBuilder().ThreadPerCore(1).EnableAll().Build())
        {
            await runtime.Spawn(async _ =>
            {
                // Forgotten: nobody disposes of it, and somebody waits.
                accepting = Network.OfCaller.Listen(AnyPort, 64, reusePort: false).AcceptAsync(default);
                await Task.CompletedTask;
            });
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await accepting);
        Assert.Equal(before, Descriptors);
    });
}
