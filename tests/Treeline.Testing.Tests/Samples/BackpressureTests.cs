using Backpressure;

namespace Treeline.Testing.Tests.Samples;

/// <summary>The samples of docs/backpressure.md, in virtual time: what each policy keeps and what it loses.</summary>
public sealed class BackpressureTests
{
    private const int Made = 4_000;

    [Fact]
    public Task Without_a_bound_nothing_is_lost() => RunAsync(Unbounded.RunAsync, static scene =>
    {
        Assert.Equal((Made, Made, 0), (scene.Made, scene.Handled, scene.Lost));
    });

    [Fact]
    public async Task Who_waits_loses_nothing_and_takes_the_consumers_time()
    {
        TimeSpan took = await RunAsync(Waiting.RunAsync, static scene =>
            Assert.Equal((Made, Made, 0), (scene.Made, scene.Handled, scene.Lost)));
        Assert.InRange(took, TimeSpan.FromSeconds(3.9), TimeSpan.FromSeconds(4.1)); // 4,000 at 1,000 a second
    }

    [Fact]
    public Task What_is_dropped_newest_is_what_is_too_much() => DropsHalfAsync(DroppingNewest.RunAsync);

    [Fact]
    public Task What_is_dropped_oldest_is_what_is_too_much() => DropsHalfAsync(DroppingOldest.RunAsync);

    [Fact]
    public Task What_is_refused_is_what_is_too_much() => DropsHalfAsync(Failing.RunAsync);

    private static async Task DropsHalfAsync(Func<Scene, Task> run)
    {
        TimeSpan took = await RunAsync(run, static scene =>
        {
            Assert.Equal(Made, scene.Made);
            Assert.Equal(Made, scene.Handled + scene.Lost);
            Assert.InRange(scene.Handled, Made / 2, (Made / 2) + Scene.Capacity + 20);
        });
        Assert.InRange(took, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2.2));
    }

    private static async Task<TimeSpan> RunAsync(Func<Scene, Task> run, Action<Scene> check)
    {
        var time = new VirtualTime();
        long start = time.GetTimestamp();
        await time.RunAsync(async _ =>
        {
            var scene = new Scene();
            await run(scene);
            check(scene);
        });
        return time.GetElapsedTime(start);
    }
}
