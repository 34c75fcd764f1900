using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// For what is held: whoever has used up the <see cref="Budget"/> gives way before taking it. After would be wrong: it would be
/// held while others run, all who want it would come to stand in line, and a line in which nobody is passed does not dissolve
/// while they keep coming (the convoy of Blasgen, Gray, Mitoma and Price, "The convoy phenomenon", 1979).
/// </summary>
internal static class GiveWay
{
    /// <summary>Gives way once, and then does what was to be done: <paramref name="take"/>, which resumes on the executor given.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<T> AndTakeAsync<TSource, T>(
        TSource source, int amount, Func<TSource, int, CancellationToken, Executor, ValueTask<T>> take, CancellationToken cancellationToken)
    {
        Executor executor = Executor.Current;
        await Waiter<Nothing>.Yield(executor).ConfigureAwait(SchedulerContext.IsCurrent);
        return await take(source, amount, cancellationToken, executor).ConfigureAwait(SchedulerContext.IsCurrent);
    }
}
