using Treeline.TestSupport.Linearizability;

namespace Treeline.TestSupport.Sync;

/// <summary>
/// What callers of locks do, and what they note. A wait is two calls: <c>come</c>, which takes the place in line and returns at
/// once, and <c>wait</c>, which gives true, or false if the caller gave up.
/// </summary>
/// <param name="history">Where it is noted.</param>
/// <param name="dawdle">Lets others go first.</param>
/// <param name="mayGiveWay">
/// Whether a caller whose budget is used up calls all the same: it gives way first, and takes its place only then. So it has none
/// when the call returns, and all of it is noted as one call, <c>acquire</c>.
/// </param>
internal sealed class Callers(History history, Func<Task> dawdle, bool mayGiveWay = false)
{
    public delegate bool Try<T>(out T held);

    /// <summary>Waits, perhaps gives up; else holds it for a while and lets go.</summary>
    /// <param name="id">Tells the waits apart.</param>
    /// <param name="what">What is asked for.</param>
    /// <param name="givesUp">Whether it may be cancelled.</param>
    /// <param name="wait">The call.</param>
    public async Task HoldAsync<T>(int id, object what, bool givesUp, Func<CancellationToken, ValueTask<T>> wait)
        where T : IDisposable
    {
        (bool got, T? held) = await WaitAsync(id, what, givesUp, wait);
        if (got)
        {
            await ReleaseAsync(id, held!);
        }
    }

    /// <inheritdoc cref="HoldAsync"/>
    public async Task TryHoldAsync<T>(int id, object what, Try<T> take)
        where T : IDisposable
    {
        T? held = default;
        if (history.Record("try", (id, what), () => take(out held)))
        {
            await ReleaseAsync(id, held!);
        }
    }

    /// <summary>Waits, and perhaps gives up.</summary>
    public async Task<(bool Got, T? Value)> WaitAsync<T>(int id, object what, bool givesUp, Func<CancellationToken, ValueTask<T>> wait)
    {
        using var source = new CancellationTokenSource();
        Operation waiting;
        ValueTask<T> coming;
        if (mayGiveWay)
        {
            waiting = history.Invoke("acquire", (id, what));
            coming = wait(source.Token);
        }
        else
        {
            WorkerThread.Current.Budget = int.MaxValue;
            Operation come = history.Invoke("come", (id, what));
            coming = wait(source.Token);
            history.Return(come);
            waiting = history.Invoke("wait", id);
        }

        Task cancelling = givesUp ? CancelAsync(source) : Task.CompletedTask;
        try
        {
            T value = await coming;
            history.Return(waiting, true);
            return (true, value);
        }
        catch (OperationCanceledException)
        {
            history.Return(waiting, false);
            return (false, default);
        }
        finally
        {
            await cancelling;
        }
    }

    private async Task ReleaseAsync<T>(int id, T held)
        where T : IDisposable
    {
        await dawdle();
        Operation release = history.Invoke("release", id);
        held.Dispose();
        history.Return(release);
        held.Dispose(); // and once is enough
    }

    private async Task CancelAsync(CancellationTokenSource source)
    {
        await dawdle();
        source.Cancel();
    }
}
