namespace Treeline.Tests;

public sealed class DriverSeatTests : TreeTest
{
    [Fact]
    public Task A_thread_that_stops_blocking_leaves_the_seat_to_the_next() => InTime(async () =>
    {
        using var driver = new ScriptedDriver();
        using var runtime = new Runtime(
            new RuntimeSettings { Shape = RuntimeShape.CurrentThread, Workers = 1, Time = true },
            runtime => [new RuntimeCore(runtime, driver, processor: null)]);

        // What the thread waits for ends, on another path, in just the wait in which the driver has something.
        for (int thread = 0; thread < 3; thread++)
        {
            var over = new TaskCompletionSource();
            driver.OnWait = milliseconds => milliseconds != 0 && over.TrySetResult();
            await OnThread.RunAsync(() => runtime.BlockOn(async Task (_) => await over.Task.ConfigureAwait(false)));
        }

        Assert.InRange(driver.Dispatches, 1, 3); // what the others left was dispatched by who came next
        driver.OnWait = null;
        await OnThread.RunAsync(runtime.Dispose);
    });

    [Fact]
    public Task Whoever_waits_in_the_driver_is_woken_by_work_from_outside() => InTime(() => OnThread.RunAsync(() =>
    {
        using var driver = new ScriptedDriver();
        using var runtime = new Runtime(
            new RuntimeSettings { Workers = 2, Time = true }, runtime => [new RuntimeCore(runtime, driver, processor: null)]);
        for (int i = 0; i < 500; i++)
        {
            Assert.Equal(i, runtime.BlockOn(_ => ValueTask.FromResult(i)));
        }

        Assert.InRange(driver.Waits, 1, int.MaxValue);
    }));

    [Fact]
    public Task A_timer_bounds_the_wait_in_the_driver() => InTime(() => OnThread.RunAsync(() =>
    {
        using var driver = new ScriptedDriver();
        using var runtime = new Runtime(
            new RuntimeSettings { Workers = 1, Time = true }, runtime => [new RuntimeCore(runtime, driver, processor: null)]);

        // Nobody wakes this driver: only the time that a wait is given ends it.
        runtime.BlockOn(static async _ => await Clock.Delay(TimeSpan.FromMilliseconds(20)));
        Assert.InRange(driver.Waits, 1, int.MaxValue);
    }));
}
