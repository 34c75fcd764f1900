using System.Net;
using System.Net.Sockets;

namespace Treeline.Tests.Scheduling;

/// <summary>A runtime beside others, and beside .NET's own machinery.</summary>
public sealed class RuntimesTogetherTests : TreeTest
{
    [Fact]
    public Task Two_runtimes_run_beside_each_other_and_each_comes_back_to_its_own() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime one = Runtime.CreateBuilder().MultiThread(1).EnableAll().ThreadName("one").Build();
        using Runtime other = Runtime.CreateBuilder().MultiThread(1).EnableAll().ThreadName("other").Build();
        one.BlockOn(async _ =>
        {
            string there = await other.Spawn(async _ =>
            {
                await Clock.Delay(TimeSpan.FromMilliseconds(1));
                return Thread.CurrentThread.Name!;
            });
            Assert.StartsWith("other", there, StringComparison.Ordinal); // or its spare
            Assert.StartsWith("one", Thread.CurrentThread.Name, StringComparison.Ordinal);
            Assert.Same(one, RuntimeHandle.Current);
        });
    }));

    [Fact]
    public Task Blocking_work_may_build_a_runtime_and_block_on_it() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime outer = Runtime.CreateBuilder().MultiThread(1).EnableAll().Build();
        int result = outer.BlockOn(async scope => await scope.SpawnBlocking(_ =>
        {
            using Runtime inner = Runtime.CreateBuilder().CurrentThread().EnableAll().Build();
            return inner.BlockOn(async _ =>
            {
                await Clock.Delay(TimeSpan.FromMilliseconds(1));
                return 42;
            });
        }));
        Assert.Equal(42, result);
    }));

    [Fact]
    public Task An_HttpClient_comes_back_to_the_workers() => InTime(() => OnThread.RunAsync(() =>
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using Runtime runtime = Runtime.CreateBuilder().MultiThread(2).EnableAll().ThreadName("worker").Build();
        Task serving = Task.Run(async () =>
        {
            using Socket socket = await listener.AcceptSocketAsync();
            byte[] buffer = new byte[4096];
            await socket.ReceiveAsync(buffer);
            await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"u8.ToArray());
        });
        runtime.BlockOn(async scope =>
        {
            using var client = new HttpClient();
            Assert.Equal("hi", await client.GetStringAsync(new Uri($"http://{listener.LocalEndpoint}/")));
            Assert.StartsWith("worker", Thread.CurrentThread.Name, StringComparison.Ordinal);
            await scope.Spawn(async Task (_) =>
            {
                await serving;
                Assert.StartsWith("worker", Thread.CurrentThread.Name, StringComparison.Ordinal);
            });
        });
    }));

    [Fact]
    public Task Shutting_down_with_a_grace_period_needs_no_timers_of_its_own() => InTime(() => OnThread.RunAsync(() =>
    {
        using Runtime runtime = Runtime.CreateBuilder().MultiThread(1).Build();
        using var started = new ManualResetEventSlim();
        ChildTask endless = runtime.Spawn(async ct =>
        {
            started.Set();
            await Forever(ct);
        });
        started.Wait();
        runtime.Shutdown(TimeSpan.FromMilliseconds(1));
        Assert.True(endless.IsCompleted);
    }));
}
