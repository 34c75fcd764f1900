namespace Treeline;

/// <summary>Makes fibers of what people give to do with an item, so that there is one loop for all shapes.</summary>
internal static class ItemWork
{
    public static Func<T, CancellationToken, Fiber> OfFiber<T>(Func<T, CancellationToken, Fiber> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return work;
    }

    public static Func<T, CancellationToken, Fiber> OfValueTask<T>(Func<T, CancellationToken, ValueTask> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return async (item, token) => await work(item, token).ConfigureAwait(SchedulerContext.IsCurrent);
    }

    public static Func<T, CancellationToken, Fiber> OfTask<T>(Func<T, CancellationToken, Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return async (item, token) => await (work(item, token) ?? throw ReturnedNull()).ConfigureAwait(SchedulerContext.IsCurrent);
    }

    public static Func<T, CancellationToken, Fiber<TResult>> OfFiber<T, TResult>(Func<T, CancellationToken, Fiber<TResult>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return work;
    }

    public static Func<T, CancellationToken, Fiber<TResult>> OfValueTask<T, TResult>(
        Func<T, CancellationToken, ValueTask<TResult>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return async (item, token) => await work(item, token).ConfigureAwait(SchedulerContext.IsCurrent);
    }

    public static Func<T, CancellationToken, Fiber<TResult>> OfTask<T, TResult>(Func<T, CancellationToken, Task<TResult>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return async (item, token) => await (work(item, token) ?? throw ReturnedNull()).ConfigureAwait(SchedulerContext.IsCurrent);
    }

    private static InvalidOperationException ReturnedNull() =>
        new("What was to be done with an item returned null instead of a task.");
}
