using System.Runtime.CompilerServices;
using Treeline.Testing;

namespace Treeline.Tests.Streams;

/// <summary>Streams and their items on a clock that moves by itself, in milliseconds.</summary>
internal static class Timeline
{
    /// <summary>Runs a test on a clock of its own.</summary>
    public static Task RunAsync(Func<VirtualTime, Task> test)
    {
        var time = new VirtualTime();
        return time.RunAsync(_ => test(time));
    }

    public static TimeSpan Ms(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    /// <summary>Gives items, each when its time comes, and ends with the last; a negative one is a failure.</summary>
    public static async IAsyncEnumerable<int> Play(
        this VirtualTime time, (int At, int Item)[] items, [EnumeratorCancellation] CancellationToken ct = default)
    {
        TimeSpan start = time.Elapsed;
        foreach ((int at, int item) in items)
        {
            if (start + Ms(at) - time.Elapsed is { Ticks: > 0 } left)
            {
                await Task.Delay(left, time, ct);
            }

            yield return item >= 0 ? item : throw new OopsException("source");
        }
    }

    /// <summary>Writes down the items and when each came, and a failure.</summary>
    public static async Task<string> WriteDownAsync<T>(this VirtualTime time, IAsyncEnumerable<T> items, int workFor = 0)
    {
        TimeSpan start = time.Elapsed;
        var written = new List<string>();
        try
        {
            await foreach (T item in items)
            {
                string text = item is int[] chunk ? $"[{string.Join(' ', chunk)}]" : $"{item}";
                written.Add($"{(time.Elapsed - start).TotalMilliseconds:0}:{text}");
                if (workFor > 0)
                {
                    await Task.Delay(Ms(workFor), time, CancellationToken.None);
                }
            }

            written.Add($"{(time.Elapsed - start).TotalMilliseconds:0}:end");
        }
        catch (Exception e) when (e is OopsException or TimeoutException)
        {
            written.Add($"{(time.Elapsed - start).TotalMilliseconds:0}:{e.GetType().Name}");
        }

        return string.Join(' ', written);
    }
}
