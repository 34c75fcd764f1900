using System.Runtime.CompilerServices;

namespace Treeline;

// Waits for all, and stops at the first failure.
public static partial class Concurrently
{
    /// <summary>
    /// Runs all of it at once, and gives the results, or the first failure: that cancels the rest, and surfaces when all of
    /// it has ended.
    /// Cancellation: what runs is cancelled and waited for; then <see cref="OperationCanceledException"/> surfaces.
    /// </summary>
    /// <typeparam name="T">The type of the results.</typeparam>
    /// <param name="work">What to run, none of it null.</param>
    /// <param name="cancellationToken">Cancels all of it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The results, in the order of the work.</returns>
    /// <exception cref="ScopeException">
    /// More than one failed, be it while cleaning up. A single failure is rethrown as itself.
    /// </exception>
    [OverloadResolutionPriority(1)]
    public static Task<T[]> TryJoinAsync<T>(
        IEnumerable<Func<CancellationToken, Task<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T>(ToArray(work, nameof(work)), new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    /// <returns>A task that completes when all have ended.</returns>
    public static Task TryJoinAsync(
        IEnumerable<Func<CancellationToken, Task>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<Nothing>(ToArray(work, nameof(work)), new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(3)]
    public static Task<T[]> TryJoinAsync<T>(
        IEnumerable<Func<CancellationToken, ValueTask<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T>(ToArray(work, nameof(work)), new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    /// <returns>A task that completes when all have ended.</returns>
    [OverloadResolutionPriority(2)]
    public static Task TryJoinAsync(
        IEnumerable<Func<CancellationToken, ValueTask>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<Nothing>(ToArray(work, nameof(work)), new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(5)]
    public static Task<T[]> TryJoinAsync<T>(
        IEnumerable<Func<CancellationToken, Fiber<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T>(ToArray(work, nameof(work)), new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    /// <returns>A task that completes when all have ended.</returns>
    [OverloadResolutionPriority(4)]
    public static Task TryJoinAsync(
        IEnumerable<Func<CancellationToken, Fiber>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<Nothing>(ToArray(work, nameof(work)), new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <summary>
    /// Runs all of it at once, and gives the results, or the first failure: that cancels the rest, and surfaces when all of
    /// it has ended.
    /// Cancellation: what runs is cancelled and waited for; then <see cref="OperationCanceledException"/> surfaces.
    /// </summary>
    /// <typeparam name="T1">The type of the first result.</typeparam>
    /// <typeparam name="T2">The type of the second result, and so on.</typeparam>
    /// <param name="first">The first. Async lambdas are fibers; methods that return a task will do as well, for all.</param>
    /// <param name="second">The second, and so on.</param>
    /// <param name="cancellationToken">Cancels all of it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The results, in the order of the arguments.</returns>
    /// <exception cref="ScopeException">
    /// More than one failed, be it while cleaning up. A single failure is rethrown as itself.
    /// </exception>
    public static Task<(T1, T2)> TryJoinAsync<T1, T2>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2>(first, second, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(T1, T2)> TryJoinAsync<T1, T2>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2>(first, second, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(T1, T2, T3)> TryJoinAsync<T1, T2, T3>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        Func<CancellationToken, Task<T3>> third,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3>(first, second, third, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(T1, T2, T3)> TryJoinAsync<T1, T2, T3>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        Func<CancellationToken, Fiber<T3>> third,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3>(first, second, third, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(T1, T2, T3, T4)> TryJoinAsync<T1, T2, T3, T4>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        Func<CancellationToken, Task<T3>> third,
        Func<CancellationToken, Task<T4>> fourth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3, T4>(first, second, third, fourth, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(T1, T2, T3, T4)> TryJoinAsync<T1, T2, T3, T4>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        Func<CancellationToken, Fiber<T3>> third,
        Func<CancellationToken, Fiber<T4>> fourth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3, T4>(first, second, third, fourth, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(T1, T2, T3, T4, T5)> TryJoinAsync<T1, T2, T3, T4, T5>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        Func<CancellationToken, Task<T3>> third,
        Func<CancellationToken, Task<T4>> fourth,
        Func<CancellationToken, Task<T5>> fifth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3, T4, T5>(first, second, third, fourth, fifth, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(T1, T2, T3, T4, T5)> TryJoinAsync<T1, T2, T3, T4, T5>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        Func<CancellationToken, Fiber<T3>> third,
        Func<CancellationToken, Fiber<T4>> fourth,
        Func<CancellationToken, Fiber<T5>> fifth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3, T4, T5>(first, second, third, fourth, fifth, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(T1, T2, T3, T4, T5, T6)> TryJoinAsync<T1, T2, T3, T4, T5, T6>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        Func<CancellationToken, Task<T3>> third,
        Func<CancellationToken, Task<T4>> fourth,
        Func<CancellationToken, Task<T5>> fifth,
        Func<CancellationToken, Task<T6>> sixth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3, T4, T5, T6>(first, second, third, fourth, fifth, sixth, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(T1, T2, T3, T4, T5, T6)> TryJoinAsync<T1, T2, T3, T4, T5, T6>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        Func<CancellationToken, Fiber<T3>> third,
        Func<CancellationToken, Fiber<T4>> fourth,
        Func<CancellationToken, Fiber<T5>> fifth,
        Func<CancellationToken, Fiber<T6>> sixth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3, T4, T5, T6>(first, second, third, fourth, fifth, sixth, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(T1, T2, T3, T4, T5, T6, T7)> TryJoinAsync<T1, T2, T3, T4, T5, T6, T7>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        Func<CancellationToken, Task<T3>> third,
        Func<CancellationToken, Task<T4>> fourth,
        Func<CancellationToken, Task<T5>> fifth,
        Func<CancellationToken, Task<T6>> sixth,
        Func<CancellationToken, Task<T7>> seventh,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3, T4, T5, T6, T7>(first, second, third, fourth, fifth, sixth, seventh, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(T1, T2, T3, T4, T5, T6, T7)> TryJoinAsync<T1, T2, T3, T4, T5, T6, T7>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        Func<CancellationToken, Fiber<T3>> third,
        Func<CancellationToken, Fiber<T4>> fourth,
        Func<CancellationToken, Fiber<T5>> fifth,
        Func<CancellationToken, Fiber<T6>> sixth,
        Func<CancellationToken, Fiber<T7>> seventh,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3, T4, T5, T6, T7>(first, second, third, fourth, fifth, sixth, seventh, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(T1, T2, T3, T4, T5, T6, T7, T8)> TryJoinAsync<T1, T2, T3, T4, T5, T6, T7, T8>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        Func<CancellationToken, Task<T3>> third,
        Func<CancellationToken, Task<T4>> fourth,
        Func<CancellationToken, Task<T5>> fifth,
        Func<CancellationToken, Task<T6>> sixth,
        Func<CancellationToken, Task<T7>> seventh,
        Func<CancellationToken, Task<T8>> eighth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3, T4, T5, T6, T7, T8>(first, second, third, fourth, fifth, sixth, seventh, eighth, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="TryJoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(T1, T2, T3, T4, T5, T6, T7, T8)> TryJoinAsync<T1, T2, T3, T4, T5, T6, T7, T8>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        Func<CancellationToken, Fiber<T3>> third,
        Func<CancellationToken, Fiber<T4>> fourth,
        Func<CancellationToken, Fiber<T5>> fifth,
        Func<CancellationToken, Fiber<T6>> sixth,
        Func<CancellationToken, Fiber<T7>> seventh,
        Func<CancellationToken, Fiber<T8>> eighth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        TryJoin<T1, T2, T3, T4, T5, T6, T7, T8>(first, second, third, fourth, fifth, sixth, seventh, eighth, new Combination(nameof(TryJoinAsync), file, line), cancellationToken);

    private static Task<(T1, T2)> TryJoin<T1, T2>(
        Delegate first, Delegate second, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return combination.FailFastAsync(
            async scope =>
            {
                ChildTask<T1> a = combination.Spawn<T1>(scope, first, 0);
                ChildTask<T2> b = combination.Spawn<T2>(scope, second, 1);
                return (await a, await b);
            },
            cancellationToken);
    }

    private static Task<(T1, T2, T3)> TryJoin<T1, T2, T3>(
        Delegate first, Delegate second, Delegate third, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        return combination.FailFastAsync(
            async scope =>
            {
                ChildTask<T1> a = combination.Spawn<T1>(scope, first, 0);
                ChildTask<T2> b = combination.Spawn<T2>(scope, second, 1);
                ChildTask<T3> c = combination.Spawn<T3>(scope, third, 2);
                return (await a, await b, await c);
            },
            cancellationToken);
    }

    private static Task<(T1, T2, T3, T4)> TryJoin<T1, T2, T3, T4>(
        Delegate first, Delegate second, Delegate third, Delegate fourth, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        return combination.FailFastAsync(
            async scope =>
            {
                ChildTask<T1> a = combination.Spawn<T1>(scope, first, 0);
                ChildTask<T2> b = combination.Spawn<T2>(scope, second, 1);
                ChildTask<T3> c = combination.Spawn<T3>(scope, third, 2);
                ChildTask<T4> d = combination.Spawn<T4>(scope, fourth, 3);
                return (await a, await b, await c, await d);
            },
            cancellationToken);
    }

    private static Task<(T1, T2, T3, T4, T5)> TryJoin<T1, T2, T3, T4, T5>(
        Delegate first, Delegate second, Delegate third, Delegate fourth, Delegate fifth, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        ArgumentNullException.ThrowIfNull(fifth);
        return combination.FailFastAsync(
            async scope =>
            {
                ChildTask<T1> a = combination.Spawn<T1>(scope, first, 0);
                ChildTask<T2> b = combination.Spawn<T2>(scope, second, 1);
                ChildTask<T3> c = combination.Spawn<T3>(scope, third, 2);
                ChildTask<T4> d = combination.Spawn<T4>(scope, fourth, 3);
                ChildTask<T5> e = combination.Spawn<T5>(scope, fifth, 4);
                return (await a, await b, await c, await d, await e);
            },
            cancellationToken);
    }

    private static Task<(T1, T2, T3, T4, T5, T6)> TryJoin<T1, T2, T3, T4, T5, T6>(
        Delegate first, Delegate second, Delegate third, Delegate fourth, Delegate fifth, Delegate sixth, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        ArgumentNullException.ThrowIfNull(fifth);
        ArgumentNullException.ThrowIfNull(sixth);
        return combination.FailFastAsync(
            async scope =>
            {
                ChildTask<T1> a = combination.Spawn<T1>(scope, first, 0);
                ChildTask<T2> b = combination.Spawn<T2>(scope, second, 1);
                ChildTask<T3> c = combination.Spawn<T3>(scope, third, 2);
                ChildTask<T4> d = combination.Spawn<T4>(scope, fourth, 3);
                ChildTask<T5> e = combination.Spawn<T5>(scope, fifth, 4);
                ChildTask<T6> f = combination.Spawn<T6>(scope, sixth, 5);
                return (await a, await b, await c, await d, await e, await f);
            },
            cancellationToken);
    }

    private static Task<(T1, T2, T3, T4, T5, T6, T7)> TryJoin<T1, T2, T3, T4, T5, T6, T7>(
        Delegate first, Delegate second, Delegate third, Delegate fourth, Delegate fifth, Delegate sixth, Delegate seventh, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        ArgumentNullException.ThrowIfNull(fifth);
        ArgumentNullException.ThrowIfNull(sixth);
        ArgumentNullException.ThrowIfNull(seventh);
        return combination.FailFastAsync(
            async scope =>
            {
                ChildTask<T1> a = combination.Spawn<T1>(scope, first, 0);
                ChildTask<T2> b = combination.Spawn<T2>(scope, second, 1);
                ChildTask<T3> c = combination.Spawn<T3>(scope, third, 2);
                ChildTask<T4> d = combination.Spawn<T4>(scope, fourth, 3);
                ChildTask<T5> e = combination.Spawn<T5>(scope, fifth, 4);
                ChildTask<T6> f = combination.Spawn<T6>(scope, sixth, 5);
                ChildTask<T7> g = combination.Spawn<T7>(scope, seventh, 6);
                return (await a, await b, await c, await d, await e, await f, await g);
            },
            cancellationToken);
    }

    private static Task<(T1, T2, T3, T4, T5, T6, T7, T8)> TryJoin<T1, T2, T3, T4, T5, T6, T7, T8>(
        Delegate first, Delegate second, Delegate third, Delegate fourth, Delegate fifth, Delegate sixth, Delegate seventh, Delegate eighth, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        ArgumentNullException.ThrowIfNull(fifth);
        ArgumentNullException.ThrowIfNull(sixth);
        ArgumentNullException.ThrowIfNull(seventh);
        ArgumentNullException.ThrowIfNull(eighth);
        return combination.FailFastAsync(
            async scope =>
            {
                ChildTask<T1> a = combination.Spawn<T1>(scope, first, 0);
                ChildTask<T2> b = combination.Spawn<T2>(scope, second, 1);
                ChildTask<T3> c = combination.Spawn<T3>(scope, third, 2);
                ChildTask<T4> d = combination.Spawn<T4>(scope, fourth, 3);
                ChildTask<T5> e = combination.Spawn<T5>(scope, fifth, 4);
                ChildTask<T6> f = combination.Spawn<T6>(scope, sixth, 5);
                ChildTask<T7> g = combination.Spawn<T7>(scope, seventh, 6);
                ChildTask<T8> h = combination.Spawn<T8>(scope, eighth, 7);
                return (await a, await b, await c, await d, await e, await f, await g, await h);
            },
            cancellationToken);
    }

    private static Task<T[]> TryJoin<T>(Delegate[] work, Combination combination, CancellationToken cancellationToken) =>
        combination.FailFastAsync(
            async scope =>
            {
                var children = new ChildTask<T>[work.Length];
                for (int i = 0; i < work.Length; i++)
                {
                    children[i] = combination.Spawn<T>(scope, work[i], i);
                }

                var results = new T[work.Length];
                for (int i = 0; i < work.Length; i++)
                {
                    results[i] = await children[i];
                }

                return results;
            },
            cancellationToken);
}
