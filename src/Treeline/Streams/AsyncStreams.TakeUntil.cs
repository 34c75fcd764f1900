using System.Runtime.CompilerServices;

namespace Treeline;

// Until somebody says so.
public static partial class AsyncStreams
{
    /// <summary>
    /// Gives the items until <paramref name="until"/> is cancelled, and then ends as if the source had: no exception. The source
    /// is cancelled and waited for. An item that comes all the same is given. It is a good match for a scope's
    /// <see cref="CancelScope.StoppingToken"/>.
    /// Cancellation: the token of the reading (<c>WithCancellation</c>) surfaces as <see cref="OperationCanceledException"/>, as
    /// everywhere.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="source">What to read.</param>
    /// <param name="until">Says when to stop. If it is cancelled before the stream is read, the source is not touched.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The items until then. Nothing is read before it is.</returns>
    public static IAsyncEnumerable<T> TakeUntil<T>(
        this IAsyncEnumerable<T> source, CancellationToken until, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        return TakeUntil(source, new Combination(nameof(TakeUntil), file, line), until, CancellationToken.None);
    }

    private static async IAsyncEnumerable<T> TakeUntil<T>(
        IAsyncEnumerable<T> source,
        Combination combination,
        CancellationToken until,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (until.IsCancellationRequested)
        {
            yield break;
        }

        var items = new Interruptible<T>(source, combination, cancellationToken);
        await using (items.ConfigureAwait(SchedulerContext.IsCurrent))
        {
            using CancellationTokenRegistration interrupt = until.UnsafeRegister(
                static scope => ((CancelScope)scope!).Cancel("the stream was to be taken until a token is cancelled"), items.Scope);
            while (!items.IsInterrupted)
            {
                bool more;
                try
                {
                    more = await items.MoveNextAsync().ConfigureAwait(SchedulerContext.IsCurrent);
                }
                catch (OperationCanceledException) when (items.IsInterrupted)
                {
                    break;
                }
                catch (Exception e) when (items.IsOfConsumer(e))
                {
                    throw items.OfConsumer(e);
                }

                if (!more)
                {
                    break;
                }

                yield return items.Current;
            }
        }
    }
}
