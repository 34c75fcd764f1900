using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace Treeline;

/// <summary>
/// One reading of a stream for several consumers: a child of a scope that puts each item into the <see cref="Feed{T}"/> of each
/// consumer, and goes on when the slowest has room.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Consumers join and leave; their list is replaced and never changed, under <c>_gate</c>, and the child reads
/// it once an item. The join that completes the number begins the reading. It is over when the last who joined has left, which
/// cancels the child, or when the child has ended; from then on nobody can join. The end of the child, in whatever way, is
/// what ends the feeds. The failure of the source goes to those who are there then; if nobody is, to the last who left, who
/// waits for the end. So it never is the scope's.
/// </remarks>
/// <typeparam name="T">The type of the items.</typeparam>
/// <param name="source">What to read.</param>
/// <param name="scope">Where the child lives.</param>
/// <param name="consumers">How many must join before it begins.</param>
/// <param name="combination">Whose child it is.</param>
/// <param name="previous">An earlier reading of the same stream, which must have ended before this one begins.</param>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer and is linked to nothing: there is nothing to release.")]
internal sealed class Fan<T>(
    IAsyncEnumerable<T> source, TaskScope scope, int consumers, Combination combination, Fan<T>? previous = null) : IThreadPoolWorkItem
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ManualResetSignal _ended = new("the end of the stream's source");
    private Gate _gate;
    private Feed<T>[] _members = [];
    private int _missing = consumers;
    private bool _over;

    // Of the child, until it has ended; then of all.
    private Fan<T>? _previous = previous;
    private Exception? _error;
    private bool _complete;
    private bool _heard;

    /// <summary>Makes the owner of the feed one of the consumers. False: the reading is over.</summary>
    /// <exception cref="InvalidOperationException">The reading was to begin, and the scope has ended.</exception>
    public bool TryJoin(Feed<T> feed)
    {
        bool begins;
        using (_gate.Enter())
        {
            if (_over)
            {
                return false;
            }

            Volatile.Write(ref _members, [.. _members, feed]);
            begins = --_missing == 0;
        }

        if (begins)
        {
            Begin();
        }

        return true;
    }

    /// <summary>What one consumer reads, from when it begins to when it leaves.</summary>
    /// <param name="join">Says which reading the feed has joined. Called when the consumer begins.</param>
    /// <param name="combination">How the consumer's node in the tree is called.</param>
    /// <param name="cancellationToken">The consumer's.</param>
    public static async IAsyncEnumerator<T> ReadAsync(
        Func<Feed<T>, CancellationToken, Fan<T>> join, Combination combination, CancellationToken cancellationToken)
    {
        CancelScope place = CancelScope.Open(cancellationToken, combination.Name, combination.File, combination.Line);
        await using (place.ConfigureAwait(SchedulerContext.IsCurrent))
        {
            var feed = new Feed<T>(1);
            Fan<T> fan = join(feed, cancellationToken);
            try
            {
                while (true)
                {
                    bool more;
                    try
                    {
                        more = await feed.WaitAsync(place.Token).ConfigureAwait(SchedulerContext.IsCurrent);
                    }
                    catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
                    {
                        throw new OperationCanceledException(e.Message, e, cancellationToken);
                    }

                    if (!more)
                    {
                        break;
                    }

                    yield return feed.Take();
                }

                fan.ThrowIfFailed();
            }
            finally
            {
                await fan.LeaveAsync(feed);
            }
        }
    }

    /// <summary>The child has ended.</summary>
    public void Execute()
    {
        Feed<T>[] members;
        using (_gate.Enter())
        {
            _over = true;
            members = _members;
            _heard = members.Length > 0;
        }

        if (!_complete)
        {
            _error ??= new OperationCanceledException(
                $"The stream was read in '{scope.Path}', which was cancelled: {scope.CancelReason}", scope.Token);
        }

        foreach (Feed<T> feed in members)
        {
            feed.End();
        }

        _ended.Set();
    }

    /// <summary>The consumer goes. The last one waits until the source has unwound, and throws what that throws.</summary>
    private async Fiber LeaveAsync(Feed<T> feed)
    {
        bool last;
        using (_gate.Enter())
        {
            Volatile.Write(ref _members, Array.FindAll(_members, other => !ReferenceEquals(other, feed)));
            last = _members.Length == 0 && _missing <= 0;
            _over |= last;
        }

        feed.Close();
        if (!last)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(SchedulerContext.IsCurrent);
        await _ended.Wait();
        if (!_heard && _error is not null and not OperationCanceledException)
        {
            ExceptionDispatchInfo.Throw(_error);
        }
    }

    /// <summary>Called by a consumer whose feed has ended.</summary>
    private void ThrowIfFailed()
    {
        if (_error is not null)
        {
            ExceptionDispatchInfo.Throw(_error);
        }
    }

    private void Begin()
    {
        try
        {
            ChildTask child = combination.Spawn<Nothing>(scope, (Func<CancellationToken, Fiber>)ReadAsync, 0, $"source of {combination.Name}");
            if (!child.TryJoin(this))
            {
                Execute();
            }
        }
        catch (Exception e)
        {
            _error = e;
            Execute();
        }
    }

    private async Fiber ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Exchange(ref _previous, null) is { } earlier)
            {
                await earlier._ended.Wait(cancellationToken);
            }

            // A scope around the reading, so that it can be cancelled alone, with what the source has opened.
            await combination.FailFastAsync(each => PutAsync(each.Token).Inner, _stop.Token).ConfigureAwait(SchedulerContext.IsCurrent);
            _complete = true;
        }
        catch (Exception e)
        {
            _error = e;
        }
    }

    private async Fiber PutAsync(CancellationToken cancellationToken)
    {
        var slow = new List<Feed<T>>();
        await foreach (T item in source.WithCancellation(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent))
        {
            foreach (Feed<T> feed in Volatile.Read(ref _members))
            {
                if (!feed.TryPut(item))
                {
                    slow.Add(feed);
                }
            }

            foreach (Feed<T> feed in slow)
            {
                while (!feed.TryPut(item))
                {
                    await feed.WaitForRoom(cancellationToken);
                }
            }

            slow.Clear();
            if (!Budget.TryConsume())
            {
                await Fiber.Yield();
            }
        }
    }
}
