using System.Runtime.CompilerServices;

namespace Treeline;

// Streams in step.
public static partial class Concurrently
{
    /// <summary>
    /// Reads the streams in step: takes the next of each at once, and gives them together. It ends with the shortest; the
    /// others are cancelled and disposed, and what was taken of them in that last step is dropped.
    /// Cancellation: the token, a failure of one stream and the consumer stopping early cancel the reading of all. The stream
    /// ends when all of them have been disposed.
    /// </summary>
    /// <typeparam name="T1">The type of the first stream's items.</typeparam>
    /// <typeparam name="T2">The type of the second stream's items, and so on.</typeparam>
    /// <param name="first">The first stream.</param>
    /// <param name="second">The second, and so on.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The stream of what was taken together. Nothing is read before it is.</returns>
    public static IAsyncEnumerable<(T1, T2)> ZipAsync<T1, T2>(
        IAsyncEnumerable<T1> first,
        IAsyncEnumerable<T2> second,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return Zip(
            [
                arrivals => new Lane<T1>(first, arrivals),
                arrivals => new Lane<T2>(second, arrivals),
            ],
            static lanes => (
                ((Lane<T1>)lanes[0]).Current,
                ((Lane<T2>)lanes[1]).Current),
            new Combination(nameof(ZipAsync), file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="ZipAsync{T1, T2}(IAsyncEnumerable{T1}, IAsyncEnumerable{T2}, CancellationToken, string, int)"/>
    public static IAsyncEnumerable<(T1, T2, T3)> ZipAsync<T1, T2, T3>(
        IAsyncEnumerable<T1> first,
        IAsyncEnumerable<T2> second,
        IAsyncEnumerable<T3> third,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        return Zip(
            [
                arrivals => new Lane<T1>(first, arrivals),
                arrivals => new Lane<T2>(second, arrivals),
                arrivals => new Lane<T3>(third, arrivals),
            ],
            static lanes => (
                ((Lane<T1>)lanes[0]).Current,
                ((Lane<T2>)lanes[1]).Current,
                ((Lane<T3>)lanes[2]).Current),
            new Combination(nameof(ZipAsync), file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="ZipAsync{T1, T2}(IAsyncEnumerable{T1}, IAsyncEnumerable{T2}, CancellationToken, string, int)"/>
    public static IAsyncEnumerable<(T1, T2, T3, T4)> ZipAsync<T1, T2, T3, T4>(
        IAsyncEnumerable<T1> first,
        IAsyncEnumerable<T2> second,
        IAsyncEnumerable<T3> third,
        IAsyncEnumerable<T4> fourth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        return Zip(
            [
                arrivals => new Lane<T1>(first, arrivals),
                arrivals => new Lane<T2>(second, arrivals),
                arrivals => new Lane<T3>(third, arrivals),
                arrivals => new Lane<T4>(fourth, arrivals),
            ],
            static lanes => (
                ((Lane<T1>)lanes[0]).Current,
                ((Lane<T2>)lanes[1]).Current,
                ((Lane<T3>)lanes[2]).Current,
                ((Lane<T4>)lanes[3]).Current),
            new Combination(nameof(ZipAsync), file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="ZipAsync{T1, T2}(IAsyncEnumerable{T1}, IAsyncEnumerable{T2}, CancellationToken, string, int)"/>
    public static IAsyncEnumerable<(T1, T2, T3, T4, T5)> ZipAsync<T1, T2, T3, T4, T5>(
        IAsyncEnumerable<T1> first,
        IAsyncEnumerable<T2> second,
        IAsyncEnumerable<T3> third,
        IAsyncEnumerable<T4> fourth,
        IAsyncEnumerable<T5> fifth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        ArgumentNullException.ThrowIfNull(fifth);
        return Zip(
            [
                arrivals => new Lane<T1>(first, arrivals),
                arrivals => new Lane<T2>(second, arrivals),
                arrivals => new Lane<T3>(third, arrivals),
                arrivals => new Lane<T4>(fourth, arrivals),
                arrivals => new Lane<T5>(fifth, arrivals),
            ],
            static lanes => (
                ((Lane<T1>)lanes[0]).Current,
                ((Lane<T2>)lanes[1]).Current,
                ((Lane<T3>)lanes[2]).Current,
                ((Lane<T4>)lanes[3]).Current,
                ((Lane<T5>)lanes[4]).Current),
            new Combination(nameof(ZipAsync), file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="ZipAsync{T1, T2}(IAsyncEnumerable{T1}, IAsyncEnumerable{T2}, CancellationToken, string, int)"/>
    public static IAsyncEnumerable<(T1, T2, T3, T4, T5, T6)> ZipAsync<T1, T2, T3, T4, T5, T6>(
        IAsyncEnumerable<T1> first,
        IAsyncEnumerable<T2> second,
        IAsyncEnumerable<T3> third,
        IAsyncEnumerable<T4> fourth,
        IAsyncEnumerable<T5> fifth,
        IAsyncEnumerable<T6> sixth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        ArgumentNullException.ThrowIfNull(fifth);
        ArgumentNullException.ThrowIfNull(sixth);
        return Zip(
            [
                arrivals => new Lane<T1>(first, arrivals),
                arrivals => new Lane<T2>(second, arrivals),
                arrivals => new Lane<T3>(third, arrivals),
                arrivals => new Lane<T4>(fourth, arrivals),
                arrivals => new Lane<T5>(fifth, arrivals),
                arrivals => new Lane<T6>(sixth, arrivals),
            ],
            static lanes => (
                ((Lane<T1>)lanes[0]).Current,
                ((Lane<T2>)lanes[1]).Current,
                ((Lane<T3>)lanes[2]).Current,
                ((Lane<T4>)lanes[3]).Current,
                ((Lane<T5>)lanes[4]).Current,
                ((Lane<T6>)lanes[5]).Current),
            new Combination(nameof(ZipAsync), file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="ZipAsync{T1, T2}(IAsyncEnumerable{T1}, IAsyncEnumerable{T2}, CancellationToken, string, int)"/>
    public static IAsyncEnumerable<(T1, T2, T3, T4, T5, T6, T7)> ZipAsync<T1, T2, T3, T4, T5, T6, T7>(
        IAsyncEnumerable<T1> first,
        IAsyncEnumerable<T2> second,
        IAsyncEnumerable<T3> third,
        IAsyncEnumerable<T4> fourth,
        IAsyncEnumerable<T5> fifth,
        IAsyncEnumerable<T6> sixth,
        IAsyncEnumerable<T7> seventh,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        ArgumentNullException.ThrowIfNull(fifth);
        ArgumentNullException.ThrowIfNull(sixth);
        ArgumentNullException.ThrowIfNull(seventh);
        return Zip(
            [
                arrivals => new Lane<T1>(first, arrivals),
                arrivals => new Lane<T2>(second, arrivals),
                arrivals => new Lane<T3>(third, arrivals),
                arrivals => new Lane<T4>(fourth, arrivals),
                arrivals => new Lane<T5>(fifth, arrivals),
                arrivals => new Lane<T6>(sixth, arrivals),
                arrivals => new Lane<T7>(seventh, arrivals),
            ],
            static lanes => (
                ((Lane<T1>)lanes[0]).Current,
                ((Lane<T2>)lanes[1]).Current,
                ((Lane<T3>)lanes[2]).Current,
                ((Lane<T4>)lanes[3]).Current,
                ((Lane<T5>)lanes[4]).Current,
                ((Lane<T6>)lanes[5]).Current,
                ((Lane<T7>)lanes[6]).Current),
            new Combination(nameof(ZipAsync), file, line),
            cancellationToken);
    }

    /// <inheritdoc cref="ZipAsync{T1, T2}(IAsyncEnumerable{T1}, IAsyncEnumerable{T2}, CancellationToken, string, int)"/>
    public static IAsyncEnumerable<(T1, T2, T3, T4, T5, T6, T7, T8)> ZipAsync<T1, T2, T3, T4, T5, T6, T7, T8>(
        IAsyncEnumerable<T1> first,
        IAsyncEnumerable<T2> second,
        IAsyncEnumerable<T3> third,
        IAsyncEnumerable<T4> fourth,
        IAsyncEnumerable<T5> fifth,
        IAsyncEnumerable<T6> sixth,
        IAsyncEnumerable<T7> seventh,
        IAsyncEnumerable<T8> eighth,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(third);
        ArgumentNullException.ThrowIfNull(fourth);
        ArgumentNullException.ThrowIfNull(fifth);
        ArgumentNullException.ThrowIfNull(sixth);
        ArgumentNullException.ThrowIfNull(seventh);
        ArgumentNullException.ThrowIfNull(eighth);
        return Zip(
            [
                arrivals => new Lane<T1>(first, arrivals),
                arrivals => new Lane<T2>(second, arrivals),
                arrivals => new Lane<T3>(third, arrivals),
                arrivals => new Lane<T4>(fourth, arrivals),
                arrivals => new Lane<T5>(fifth, arrivals),
                arrivals => new Lane<T6>(sixth, arrivals),
                arrivals => new Lane<T7>(seventh, arrivals),
                arrivals => new Lane<T8>(eighth, arrivals),
            ],
            static lanes => (
                ((Lane<T1>)lanes[0]).Current,
                ((Lane<T2>)lanes[1]).Current,
                ((Lane<T3>)lanes[2]).Current,
                ((Lane<T4>)lanes[3]).Current,
                ((Lane<T5>)lanes[4]).Current,
                ((Lane<T6>)lanes[5]).Current,
                ((Lane<T7>)lanes[6]).Current,
                ((Lane<T8>)lanes[7]).Current),
            new Combination(nameof(ZipAsync), file, line),
            cancellationToken);
    }

    private static async IAsyncEnumerable<T> Zip<T>(
        Func<Arrivals<Lane?>, Lane>[] makers,
        Func<Lane[], T> together,
        Combination combination,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        TaskScope scope = combination.Open(cancellationToken);
        await using (scope.ConfigureAwait(SchedulerContext.IsCurrent))
        {
            var arrivals = new Arrivals<Lane?>("the next of each stream");
            Lane[] lanes = Array.ConvertAll(makers, make => make(arrivals));
            Lane.StartAll(lanes, scope, combination);
            while (true)
            {
                foreach (Lane lane in lanes)
                {
                    lane.TakeNext();
                }

                for (int missing = lanes.Length; missing > 0; missing--)
                {
                    Lane? lane;
                    while (!arrivals.TryTake(out lane))
                    {
                        await arrivals.WaitAsync().ConfigureAwait(SchedulerContext.IsCurrent);
                    }

                    if (lane is null)
                    {
                        // One has ended. If it failed, or all were cancelled, that surfaces from the join.
                        scope.Cancel("one of the streams has ended");
                        await scope.JoinAsync().ConfigureAwait(SchedulerContext.IsCurrent);
                        yield break;
                    }
                }

                yield return together(lanes);
            }
        }
    }
}
