using System.Diagnostics;
using System.Net;
using Treeline.Drivers;
using Treeline.Net;

namespace Treeline.Tests.Drivers.Portable;

public sealed class PortableDriverTests : TreeTest
{
    [Fact]
    public void A_wait_ends_when_its_time_is_over()
    {
        using var driver = new PortableDriver();
        Assert.Equal("portable", driver.Name);
        Assert.False(driver.Wait(0));
        long before = Stopwatch.GetTimestamp();
        Assert.False(driver.Wait(20));
        Assert.True(Stopwatch.GetElapsedTime(before) >= TimeSpan.FromMilliseconds(15));
        driver.Dispatch();
    }

    [Fact]
    public void A_wake_between_two_waits_ends_the_next_and_only_that()
    {
        using var driver = new PortableDriver();
        driver.Wake();
        driver.Wake();
        driver.Wait(-1);
        long before = Stopwatch.GetTimestamp();
        driver.Wait(20);
        Assert.True(Stopwatch.GetElapsedTime(before) >= TimeSpan.FromMilliseconds(15));
    }

    [Fact]
    public Task A_wake_ends_a_wait_that_goes_on() => InTime(async () =>
    {
        using var driver = new PortableDriver();
        Task waiting = Task.Factory.StartNew(
            () => driver.Wait(-1), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        driver.Wake();
        await waiting;
    });

    [Fact]
    public Task Disposing_it_closes_its_sockets() => InTime(async () =>
    {
        var driver = new PortableDriver();
        ListenSocket listener = driver.Network.Listen(new IPEndPoint(IPAddress.Loopback, 0), 16, reusePort: false);
        ValueTask<StreamSocket> accepting = listener.AcceptAsync(default);
        driver.Dispose();
        driver.Wake();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await accepting);
    });
}
