using System.Runtime.CompilerServices;

namespace Treeline;

// Waits for all, and tells all outcomes.
public static partial class Concurrently
{
    /// <summary>
    /// Runs all of it at once, waits for all of it, and tells how each ended: nothing is thrown for a failure, and a failure
    /// cancels nothing.
    /// Cancellation: what runs is cancelled and waited for. If that cut anything short,
    /// <see cref="OperationCanceledException"/> surfaces, or the failures that there were: the outcomes get to nobody.
    /// </summary>
    /// <typeparam name="T">The type of the results.</typeparam>
    /// <param name="work">What to run, none of it null.</param>
    /// <param name="cancellationToken">Cancels all of it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The outcomes, in the order of the work.</returns>
    [OverloadResolutionPriority(1)]
    public static Task<Outcome<T>[]> JoinAsync<T>(
        IEnumerable<Func<CancellationToken, Task<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T>(ToArray(work, nameof(work)), new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(3)]
    public static Task<Outcome<T>[]> JoinAsync<T>(
        IEnumerable<Func<CancellationToken, ValueTask<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T>(ToArray(work, nameof(work)), new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T}(IEnumerable{Func{CancellationToken, Task{T}}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(5)]
    public static Task<Outcome<T>[]> JoinAsync<T>(
        IEnumerable<Func<CancellationToken, Fiber<T>>> work,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T>(ToArray(work, nameof(work)), new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <summary>
    /// Runs all of it at once, waits for all of it, and tells how each ended: nothing is thrown for a failure, and a failure
    /// cancels nothing.
    /// Cancellation: what runs is cancelled and waited for. If that cut anything short,
    /// <see cref="OperationCanceledException"/> surfaces, or the failures that there were: the outcomes get to nobody.
    /// </summary>
    /// <typeparam name="T1">The type of the first result.</typeparam>
    /// <typeparam name="T2">The type of the second result, and so on.</typeparam>
    /// <param name="first">The first. Async lambdas are fibers; methods that return a task will do as well, for all.</param>
    /// <param name="second">The second, and so on.</param>
    /// <param name="cancellationToken">Cancels all of it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The outcomes, in the order of the arguments.</returns>
    public static Task<(Outcome<T1>, Outcome<T2>)> JoinAsync<T1, T2>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T1, T2>(first, second, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(Outcome<T1>, Outcome<T2>)> JoinAsync<T1, T2>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T1, T2>(first, second, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>)> JoinAsync<T1, T2, T3>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        Func<CancellationToken, Task<T3>> third,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T1, T2, T3>(first, second, third, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>)> JoinAsync<T1, T2, T3>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        Func<CancellationToken, Fiber<T3>> third,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T1, T2, T3>(first, second, third, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>)> JoinAsync<T1, T2, T3, T4>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        Func<CancellationToken, Task<T3>> third,
        Func<CancellationToken, Task<T4>> fourth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T1, T2, T3, T4>(first, second, third, fourth, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>)> JoinAsync<T1, T2, T3, T4>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        Func<CancellationToken, Fiber<T3>> third,
        Func<CancellationToken, Fiber<T4>> fourth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T1, T2, T3, T4>(first, second, third, fourth, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>)> JoinAsync<T1, T2, T3, T4, T5>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        Func<CancellationToken, Task<T3>> third,
        Func<CancellationToken, Task<T4>> fourth,
        Func<CancellationToken, Task<T5>> fifth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T1, T2, T3, T4, T5>(first, second, third, fourth, fifth, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>)> JoinAsync<T1, T2, T3, T4, T5>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        Func<CancellationToken, Fiber<T3>> third,
        Func<CancellationToken, Fiber<T4>> fourth,
        Func<CancellationToken, Fiber<T5>> fifth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T1, T2, T3, T4, T5>(first, second, third, fourth, fifth, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>)> JoinAsync<T1, T2, T3, T4, T5, T6>(
        Func<CancellationToken, Task<T1>> first,
        Func<CancellationToken, Task<T2>> second,
        Func<CancellationToken, Task<T3>> third,
        Func<CancellationToken, Task<T4>> fourth,
        Func<CancellationToken, Task<T5>> fifth,
        Func<CancellationToken, Task<T6>> sixth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T1, T2, T3, T4, T5, T6>(first, second, third, fourth, fifth, sixth, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>)> JoinAsync<T1, T2, T3, T4, T5, T6>(
        Func<CancellationToken, Fiber<T1>> first,
        Func<CancellationToken, Fiber<T2>> second,
        Func<CancellationToken, Fiber<T3>> third,
        Func<CancellationToken, Fiber<T4>> fourth,
        Func<CancellationToken, Fiber<T5>> fifth,
        Func<CancellationToken, Fiber<T6>> sixth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Join<T1, T2, T3, T4, T5, T6>(first, second, third, fourth, fifth, sixth, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>, Outcome<T7>)> JoinAsync<T1, T2, T3, T4, T5, T6, T7>(
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
        Join<T1, T2, T3, T4, T5, T6, T7>(first, second, third, fourth, fifth, sixth, seventh, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>, Outcome<T7>)> JoinAsync<T1, T2, T3, T4, T5, T6, T7>(
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
        Join<T1, T2, T3, T4, T5, T6, T7>(first, second, third, fourth, fifth, sixth, seventh, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>, Outcome<T7>, Outcome<T8>)> JoinAsync<T1, T2, T3, T4, T5, T6, T7, T8>(
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
        Join<T1, T2, T3, T4, T5, T6, T7, T8>(first, second, third, fourth, fifth, sixth, seventh, eighth, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    /// <inheritdoc cref="JoinAsync{T1, T2}(Func{CancellationToken, Task{T1}}, Func{CancellationToken, Task{T2}}, CancellationToken, string, int)"/>
    [OverloadResolutionPriority(1)]
    public static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>, Outcome<T7>, Outcome<T8>)> JoinAsync<T1, T2, T3, T4, T5, T6, T7, T8>(
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
        Join<T1, T2, T3, T4, T5, T6, T7, T8>(first, second, third, fourth, fifth, sixth, seventh, eighth, new Combination(nameof(JoinAsync), file, line), cancellationToken);

    private static Task<(Outcome<T1>, Outcome<T2>)> Join<T1, T2>(
        Delegate first, Delegate second, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return combination.SuperviseAsync(
            async scope =>
            {
                var all = new Joining(scope, combination);
                ChildTask<T1> a = all.Spawn<T1>(first);
                ChildTask<T2> b = all.Spawn<T2>(second);
                await all.AllEndedAsync();
                return (a.OutcomeOfEnded(), b.OutcomeOfEnded());
            },
            cancellationToken);
    }

    private static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>)> Join<T1, T2, T3>(
        Delegate first, Delegate second, Delegate third, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        return combination.SuperviseAsync(
            async scope =>
            {
                var all = new Joining(scope, combination);
                ChildTask<T1> a = all.Spawn<T1>(first);
                ChildTask<T2> b = all.Spawn<T2>(second);
                ChildTask<T3> c = all.Spawn<T3>(third);
                await all.AllEndedAsync();
                return (a.OutcomeOfEnded(), b.OutcomeOfEnded(), c.OutcomeOfEnded());
            },
            cancellationToken);
    }

    private static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>)> Join<T1, T2, T3, T4>(
        Delegate first, Delegate second, Delegate third, Delegate fourth, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        return combination.SuperviseAsync(
            async scope =>
            {
                var all = new Joining(scope, combination);
                ChildTask<T1> a = all.Spawn<T1>(first);
                ChildTask<T2> b = all.Spawn<T2>(second);
                ChildTask<T3> c = all.Spawn<T3>(third);
                ChildTask<T4> d = all.Spawn<T4>(fourth);
                await all.AllEndedAsync();
                return (a.OutcomeOfEnded(), b.OutcomeOfEnded(), c.OutcomeOfEnded(), d.OutcomeOfEnded());
            },
            cancellationToken);
    }

    private static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>)> Join<T1, T2, T3, T4, T5>(
        Delegate first, Delegate second, Delegate third, Delegate fourth, Delegate fifth, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        ArgumentNullException.ThrowIfNull(fifth);
        return combination.SuperviseAsync(
            async scope =>
            {
                var all = new Joining(scope, combination);
                ChildTask<T1> a = all.Spawn<T1>(first);
                ChildTask<T2> b = all.Spawn<T2>(second);
                ChildTask<T3> c = all.Spawn<T3>(third);
                ChildTask<T4> d = all.Spawn<T4>(fourth);
                ChildTask<T5> e = all.Spawn<T5>(fifth);
                await all.AllEndedAsync();
                return (
                    a.OutcomeOfEnded(), b.OutcomeOfEnded(), c.OutcomeOfEnded(), d.OutcomeOfEnded(),
                    e.OutcomeOfEnded());
            },
            cancellationToken);
    }

    private static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>)> Join<T1, T2, T3, T4, T5, T6>(
        Delegate first, Delegate second, Delegate third, Delegate fourth, Delegate fifth, Delegate sixth, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        ArgumentNullException.ThrowIfNull(fifth);
        ArgumentNullException.ThrowIfNull(sixth);
        return combination.SuperviseAsync(
            async scope =>
            {
                var all = new Joining(scope, combination);
                ChildTask<T1> a = all.Spawn<T1>(first);
                ChildTask<T2> b = all.Spawn<T2>(second);
                ChildTask<T3> c = all.Spawn<T3>(third);
                ChildTask<T4> d = all.Spawn<T4>(fourth);
                ChildTask<T5> e = all.Spawn<T5>(fifth);
                ChildTask<T6> f = all.Spawn<T6>(sixth);
                await all.AllEndedAsync();
                return (
                    a.OutcomeOfEnded(), b.OutcomeOfEnded(), c.OutcomeOfEnded(), d.OutcomeOfEnded(),
                    e.OutcomeOfEnded(), f.OutcomeOfEnded());
            },
            cancellationToken);
    }

    private static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>, Outcome<T7>)> Join<T1, T2, T3, T4, T5, T6, T7>(
        Delegate first, Delegate second, Delegate third, Delegate fourth, Delegate fifth, Delegate sixth, Delegate seventh, Combination combination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        ArgumentNullException.ThrowIfNull(fifth);
        ArgumentNullException.ThrowIfNull(sixth);
        ArgumentNullException.ThrowIfNull(seventh);
        return combination.SuperviseAsync(
            async scope =>
            {
                var all = new Joining(scope, combination);
                ChildTask<T1> a = all.Spawn<T1>(first);
                ChildTask<T2> b = all.Spawn<T2>(second);
                ChildTask<T3> c = all.Spawn<T3>(third);
                ChildTask<T4> d = all.Spawn<T4>(fourth);
                ChildTask<T5> e = all.Spawn<T5>(fifth);
                ChildTask<T6> f = all.Spawn<T6>(sixth);
                ChildTask<T7> g = all.Spawn<T7>(seventh);
                await all.AllEndedAsync();
                return (
                    a.OutcomeOfEnded(), b.OutcomeOfEnded(), c.OutcomeOfEnded(), d.OutcomeOfEnded(),
                    e.OutcomeOfEnded(), f.OutcomeOfEnded(), g.OutcomeOfEnded());
            },
            cancellationToken);
    }

    private static Task<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>, Outcome<T7>, Outcome<T8>)> Join<T1, T2, T3, T4, T5, T6, T7, T8>(
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
        return combination.SuperviseAsync(
            async scope =>
            {
                var all = new Joining(scope, combination);
                ChildTask<T1> a = all.Spawn<T1>(first);
                ChildTask<T2> b = all.Spawn<T2>(second);
                ChildTask<T3> c = all.Spawn<T3>(third);
                ChildTask<T4> d = all.Spawn<T4>(fourth);
                ChildTask<T5> e = all.Spawn<T5>(fifth);
                ChildTask<T6> f = all.Spawn<T6>(sixth);
                ChildTask<T7> g = all.Spawn<T7>(seventh);
                ChildTask<T8> h = all.Spawn<T8>(eighth);
                await all.AllEndedAsync();
                return (
                    a.OutcomeOfEnded(), b.OutcomeOfEnded(), c.OutcomeOfEnded(), d.OutcomeOfEnded(),
                    e.OutcomeOfEnded(), f.OutcomeOfEnded(), g.OutcomeOfEnded(), h.OutcomeOfEnded());
            },
            cancellationToken);
    }

    private static Task<Outcome<T>[]> Join<T>(Delegate[] work, Combination combination, CancellationToken cancellationToken) =>
        combination.SuperviseAsync(
            async scope =>
            {
                var all = new Joining(scope, combination);
                ChildTask<T>[] children = [.. work.Select(all.Spawn<T>)];
                await all.AllEndedAsync();
                return Array.ConvertAll(children, static child => child.OutcomeOfEnded());
            },
            cancellationToken);
}
