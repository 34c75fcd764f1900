using System.Diagnostics;

namespace Treeline.App.Tests.Support;

/// <summary>Waits for something observable to come true, in a process that cannot call back.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(25);

    public static Task TrueAsync(string what, Func<bool> holds) => TrueAsync(what, () => Task.FromResult(holds()));

    public static async Task TrueAsync(string what, Func<Task<bool>> holds) =>
        await IsAsync(what, holds, held => held);

    /// <summary>Returns the first value that <paramref name="accept"/> takes; fails with the last one seen.</summary>
    public static async Task<T> IsAsync<T>(string what, Func<Task<T>> look, Predicate<T> accept)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            T value = await look();
            if (accept(value))
            {
                return value;
            }

            if (Stopwatch.GetElapsedTime(start) > Deadline)
            {
                Assert.Fail($"Waited {Deadline.TotalSeconds} s in vain for this: {what}. Last seen: {value}");
            }

            await Task.Delay(s_pause);
        }
    }
}
