using System.Runtime.CompilerServices;

namespace Treeline.Futures;

/// <summary>Makes futures, and gives every <see cref="IFuture{T}"/> the operators of <see cref="Future{TFuture, T}"/>.</summary>
public static class Future
{
    /// <summary>Has its result already.</summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="value">The result.</param>
    /// <returns>The future.</returns>
    public static Future<ReadyFuture<T>, T> Ready<T>(T value) => new(new ReadyFuture<T>(value));

    /// <summary>Never has a result, and is never woken.</summary>
    /// <typeparam name="T">The type of the result there is not.</typeparam>
    /// <returns>The future.</returns>
    public static Future<PendingFuture<T>, T> Pending<T>() => new(default);

    /// <summary>Lets others run first: pending once, having woken whoever drives it.</summary>
    /// <returns>The future.</returns>
    public static Future<YieldFuture, ValueTuple> YieldOnce() => new(default);

    /// <summary>A future of one function, which is called by each poll until it gives a result.</summary>
    /// <typeparam name="T">The type of the result.</typeparam>
    /// <param name="poll">See <see cref="IFuture{T}.Poll"/>.</param>
    /// <returns>The future.</returns>
    public static Future<PollFuture<T>, T> FromPoll<T>(PollFunction<T> poll)
    {
        ArgumentNullException.ThrowIfNull(poll);
        return new(new PollFuture<T>(poll));
    }

    /// <summary>Waits for both. If one fails, that is how it ends, and the other is dropped.</summary>
    /// <typeparam name="TFirst">What the first consists of.</typeparam>
    /// <typeparam name="T1">What the first gives.</typeparam>
    /// <typeparam name="TSecond">What the second consists of.</typeparam>
    /// <typeparam name="T2">What the second gives.</typeparam>
    /// <param name="first">The first.</param>
    /// <param name="second">The second.</param>
    /// <returns>A future that gives what both give.</returns>
    public static Future<JoinFuture<TFirst, T1, TSecond, T2>, (T1 First, T2 Second)> Join<TFirst, T1, TSecond, T2>(
        Future<TFirst, T1> first, Future<TSecond, T2> second)
        where TFirst : IFuture<T1>
        where TSecond : IFuture<T2> => new(new JoinFuture<TFirst, T1, TSecond, T2>(first.Inner, second.Inner));

    /// <inheritdoc cref="Join{TFirst, T1, TSecond, T2}"/>
    public static Future<JoinFuture<IFuture<T1>, T1, IFuture<T2>, T2>, (T1 First, T2 Second)> Join<T1, T2>(
        IFuture<T1> first, IFuture<T2> second) => Join(Of(first), Of(second));

    /// <summary>
    /// Waits for the first that ends, and drops the other. If both can end in one poll, chance decides. What the other has
    /// done by then is its own matter: give to a select what loses nothing when it is dropped.
    /// </summary>
    /// <typeparam name="TFirst">What the first consists of.</typeparam>
    /// <typeparam name="TSecond">What the second consists of.</typeparam>
    /// <typeparam name="T">What they give; <see cref="Future{TFuture, T}.Map"/> makes it the same.</typeparam>
    /// <param name="first">The first.</param>
    /// <param name="second">The second.</param>
    /// <returns>A future that gives which it was, 0 or 1, and what it gave.</returns>
    public static Future<SelectFuture<TFirst, TSecond, T>, (int Index, T Value)> Select<TFirst, TSecond, T>(
        Future<TFirst, T> first, Future<TSecond, T> second)
        where TFirst : IFuture<T>
        where TSecond : IFuture<T> => new(new SelectFuture<TFirst, TSecond, T>(first.Inner, second.Inner));

    /// <inheritdoc cref="Select{TFirst, TSecond, T}"/>
    public static Future<SelectFuture<IFuture<T>, IFuture<T>, T>, (int Index, T Value)> Select<T>(
        IFuture<T> first, IFuture<T> second) => Select(Of(first), Of(second));

    /// <summary>
    /// Waits for all of many. Only those are polled that were woken. If one fails, that is how it ends, and the others are dropped.
    /// </summary>
    /// <typeparam name="T">What each gives.</typeparam>
    /// <param name="futures">All of them. None has been polled; they belong to the future that is returned.</param>
    /// <returns>A future that gives the results, in the order of the futures.</returns>
    public static IFuture<T[]> JoinAll<T>(IEnumerable<IFuture<T>> futures)
    {
        ArgumentNullException.ThrowIfNull(futures);
        return new JoinAllFuture<T>(futures);
    }

    /// <summary>
    /// A task as a future. To drop it neither cancels the task nor waits for it: whoever starts the task sees to that, by a scope. An
    /// error that nobody gets then is raised as <see cref="TaskScheduler.UnobservedTaskException"/>.
    /// </summary>
    /// <typeparam name="T">What the task gives.</typeparam>
    /// <param name="task">The task; the future awaits it, so nobody else does.</param>
    /// <returns>The future.</returns>
    public static IFuture<T> AsFuture<T>(this ValueTask<T> task) => new TaskFuture<T>(task);

    /// <inheritdoc cref="AsFuture{T}(ValueTask{T})"/>
    public static IFuture<ValueTuple> AsFuture(this ValueTask task) => new TaskFuture<ValueTuple>(Valued(task));

    /// <inheritdoc cref="Future{TFuture, T}.AsValueTask"/>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <param name="future">The future; it belongs to the wait from here on.</param>
    public static ValueTask<T> AsValueTask<T>(this IFuture<T> future, CancellationToken cancellationToken = default) =>
        Of(future).AsValueTask(cancellationToken);

    /// <inheritdoc cref="Future{TFuture, T}.GetAwaiter"/>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <param name="future">The future; it belongs to the wait from here on.</param>
    public static ValueTaskAwaiter<T> GetAwaiter<T>(this IFuture<T> future) => Of(future).GetAwaiter();

    /// <inheritdoc cref="Future{TFuture, T}.BlockOn"/>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <param name="future">The future; it belongs to the wait from here on.</param>
    public static T BlockOn<T>(this IFuture<T> future, CancellationToken cancellationToken = default) =>
        Of(future).BlockOn(cancellationToken);

    /// <inheritdoc cref="Future{TFuture, T}.Map"/>
    /// <typeparam name="T">What the future gives.</typeparam>
    /// <typeparam name="TResult">The type of the other.</typeparam>
    /// <param name="future">The future; it belongs to the one that is returned.</param>
    public static Future<MapFuture<IFuture<T>, T, TResult>, TResult> Map<T, TResult>(this IFuture<T> future, Func<T, TResult> selector) =>
        Of(future).Map(selector);

    /// <inheritdoc cref="Future{TFuture, T}.Then{TNext, TResult}"/>
    /// <typeparam name="T">What the future gives.</typeparam>
    /// <typeparam name="TNext">What the other consists of.</typeparam>
    /// <typeparam name="TResult">What the other gives.</typeparam>
    /// <param name="future">The future; it belongs to the one that is returned.</param>
    public static Future<ThenFuture<IFuture<T>, T, Future<TNext, TResult>, TResult>, TResult> Then<T, TNext, TResult>(
        this IFuture<T> future, Func<T, Future<TNext, TResult>> next)
        where TNext : IFuture<TResult> => Of(future).Then(next);

    /// <inheritdoc cref="Then{T, TNext, TResult}"/>
    public static Future<ThenFuture<IFuture<T>, T, IFuture<TResult>, TResult>, TResult> Then<T, TResult>(
        this IFuture<T> future, Func<T, IFuture<TResult>> next) => Of(future).Then(next);

    /// <inheritdoc cref="Future{TFuture, T}.Fuse"/>
    /// <typeparam name="T">What the future gives.</typeparam>
    /// <param name="future">The future; it belongs to the one that is returned.</param>
    public static Future<FuseFuture<IFuture<T>, T>, T> Fuse<T>(this IFuture<T> future) => Of(future).Fuse();

    private static Future<IFuture<T>, T> Of<T>(IFuture<T> future) => new(future);

    private static async ValueTask<ValueTuple> Valued(ValueTask task)
    {
        await task.ConfigureAwait(SchedulerContext.IsCurrent);
        return default;
    }
}
