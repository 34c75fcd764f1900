using System.Runtime.CompilerServices;
using Treeline.Testing.Tests.Contract;

namespace Treeline.Testing.Tests.Streams;

/// <summary>What the explorations of operators share: a source, and a consumer that may do anything a consumer may.</summary>
internal sealed class StreamRun(Simulation run)
{
    /// <summary>How often the source was opened.</summary>
    public int Opened { get; private set; }

    /// <summary>How many of those readings have not been disposed.</summary>
    public int Open { get; private set; }

    /// <summary>The items 0, 1, 2 …; dawdles, and takes 0 to 3 seconds for some.</summary>
    public async IAsyncEnumerable<int> Source(int count, bool fails = false, [EnumeratorCancellation] CancellationToken ct = default)
    {
        Opened++;
        Open++;
        try
        {
            for (int i = 0; i < count; i++)
            {
                await PauseAsync(ct);
                yield return i;
            }

            await PauseAsync(ct);
            if (fails)
            {
                throw new OopsException("source");
            }
        }
        finally
        {
            await run.DawdleAsync();
            Open--;
        }
    }

    /// <summary>Lets others go first, or time pass.</summary>
    public async Task PauseAsync(CancellationToken cancellationToken)
    {
        await run.DawdleAsync();
        if (run.Random.Next(3) == 0)
        {
            await Task.Delay(TimeSpan.FromSeconds(run.Random.Next(4)), run.Time, cancellationToken);
        }
    }

    /// <summary>Reads to the end, or leaves after so many, or is cancelled at some time; how it ended, and what it got.</summary>
    public async Task<(List<T> Items, Exception? Error, bool Whole)> ReadAsync<T>(IAsyncEnumerable<T> stream)
    {
        var items = new List<T>();
        bool left = false;
        int leavesAfter = run.Random.Next(3) == 0 ? run.Random.Next(1, 6) : int.MaxValue;
        using var gone = new CancellationTokenSource(
            run.Random.Next(3) == 0 ? TimeSpan.FromSeconds(run.Random.Next(12)) : Timeout.InfiniteTimeSpan, run.Time);

        try
        {
            await foreach (T item in stream.WithCancellation(gone.Token))
            {
                items.Add(item);
                if (items.Count == leavesAfter)
                {
                    left = true;
                    break;
                }

                await PauseAsync(CancellationToken.None);
            }

            return (items, null, !left);
        }
        catch (OperationCanceledException e) when (e.CancellationToken == gone.Token && gone.IsCancellationRequested)
        {
            return (items, e, false);
        }
        catch (OopsException e)
        {
            // One who had left or been cancelled by then does not get what came before it.
            return (items, e, !left && !gone.IsCancellationRequested);
        }
    }
}
