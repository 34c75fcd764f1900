using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Treeline.Futures;

/// <summary>
/// Many futures, whose results come in the order in which they end. Only those are polled that were woken, so a thousand that sleep
/// cost nothing. <c>await foreach (T result in futures)</c> ends when none is left.
/// </summary>
/// <remarks>
/// <para>For tasks, which run by themselves, use <see cref="JoinSet{T}"/>: it owns them. This owns futures, which do nothing until this is
/// polled, and disposing drops them. As the <c>FuturesUnordered</c> of Rust's futures.</para>
/// <para>Anybody may add, at any time; one at a time takes results. A future that fails makes the poll, or the enumeration, throw that
/// once, and is gone; whoever enumerates again gets the others.</para>
/// <para><b>Protocol.</b> <c>_gate</c> owns everything except the futures themselves. A future is polled, and dropped, outside it, by
/// whoever polls the set (<c>_isPolling</c>), or dropped by <see cref="Dispose"/> if it is not the one being polled (<c>_polled</c>). A
/// slot is in the queue of the woken at most once (<c>IsWoken</c>, taken back before its poll: so who wakes it meanwhile queues it
/// again). <c>_waker</c> is that of the last poll that found the queue empty, kept in the same holding of the gate; whoever puts something in
/// takes it and wakes it, outside the gate. Wakers live longer than the futures they were given to: a slot may be woken when it is empty,
/// or has a later future, and is then looked at in vain.</para>
/// </remarks>
/// <typeparam name="T">What each gives.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class FuturesUnordered<T> : IAsyncEnumerable<T>, IDisposable
{
    private readonly List<Slot> _slots = [];
    private Gate _gate;
    private int _count;
    private Slot? _free;
    private Slot? _firstWoken;
    private Slot? _lastWoken;
    private int _woken;
    private Waker _waker;
    private bool _isPolling;
    private bool _isDisposed;
    private Slot? _polled;

    /// <summary>How many have not ended.</summary>
    public int Count
    {
        get
        {
            using (_gate.Enter())
            {
                return _count;
            }
        }
    }

    /// <summary>Adds a future. It is first polled when the set is.</summary>
    /// <param name="future">One that has not been polled; it belongs to the set from here on.</param>
    /// <exception cref="ObjectDisposedException">The set has been disposed.</exception>
    public void Add(IFuture<T> future) => Add(future, 0);

    /// <summary>
    /// Polls the futures that were woken since the last poll, until one gives its result, each once at most. A future that goes on waking
    /// others, or itself, lets the caller's others go first.
    /// </summary>
    /// <param name="context">Has the waker.</param>
    /// <param name="result">What one has given.</param>
    /// <returns>Pending; true: there is a result; false: none is left.</returns>
    /// <exception cref="InvalidOperationException">Somebody polls the set already.</exception>
    /// <exception cref="ObjectDisposedException">The set has been disposed.</exception>
    public Poll<bool> PollNext(ref Context context, [MaybeNull] out T result) => PollNext(ref context, out result, out _);

    /// <summary>
    /// The results in the order in which the futures end. Ends when none is left; what is added later, a later enumeration gives.
    /// Cancellation: no result is lost; a later enumeration goes on.
    /// </summary>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <returns>The results.</returns>
    public async IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            (bool any, T? result) = await new Future<Next, (bool, T?)>(new Next(this)).AsValueTask(cancellationToken)
                .ConfigureAwait(SchedulerContext.IsCurrent);
            if (!any)
            {
                yield break;
            }

            yield return result!;
        }
    }

    /// <summary>Drops the futures that have not ended. Who polls the set is told.</summary>
    public void Dispose()
    {
        List<IFuture<T>> dropped = [];
        Waker waker;
        using (_gate.Enter())
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            foreach (Slot slot in _slots)
            {
                if (slot.Future is { } future && slot != _polled)
                {
                    slot.Future = null;
                    dropped.Add(future);
                }
            }

            _count = 0;
            waker = TakeWaker();
        }

        waker.Wake();
        List<Exception>? errors = null;
        foreach (IFuture<T> each in dropped)
        {
            try
            {
                IFuture<T> future = each;
                Dropper<IFuture<T>>.Drop(ref future);
            }
            catch (Exception e)
            {
                (errors ??= []).Add(e); // the others are dropped all the same
            }
        }

        if (errors is not null)
        {
            throw new AggregateException(errors);
        }
    }

    /// <summary>What is in it.</summary>
    /// <returns>For people.</returns>
    public override string ToString() => $"{Count} futures";

    /// <inheritdoc cref="Add(IFuture{T})"/>
    /// <param name="index">Comes with the result.</param>
    internal void Add(IFuture<T> future, int index)
    {
        ArgumentNullException.ThrowIfNull(future);
        Waker waker;
        using (_gate.Enter())
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_free is { } slot)
            {
                _free = slot.NextFree;
                slot.NextFree = null;
            }
            else
            {
                slot = new Slot(this);
                _slots.Add(slot);
            }

            slot.Future = future;
            slot.Index = index;
            _count++;
            waker = Enqueue(slot);
        }

        waker.Wake();
    }

    /// <inheritdoc cref="PollNext(ref Context, out T)"/>
    /// <param name="index">What came with the future.</param>
    internal Poll<bool> PollNext(ref Context context, [MaybeNull] out T result, out int index)
    {
        int turns = Begin();
        try
        {
            while (true)
            {
                Slot? slot;
                IFuture<T>? future;
                using (_gate.Enter())
                {
                    ObjectDisposedException.ThrowIf(_isDisposed, this);
                    slot = _count == 0 || turns == 0 ? null : Dequeue();
                    if (slot is null)
                    {
                        result = default;
                        if (_count == 0)
                        {
                            index = 0;
                            return false;
                        }

                        Waker waker = context.Waker;
                        if (_firstWoken is null)
                        {
                            _waker = waker;
                            index = 0;
                            return default;
                        }
                    }

                    future = slot?.Future;
                    index = slot?.Index ?? 0; // the slot may be used again once the future has ended
                    _polled = future is null ? null : slot;
                }

                if (slot is null)
                {
                    // Enough for one poll: the others of whoever polls go first.
                    context.Waker.Wake();
                    result = default;
                    return default;
                }

                turns--;
                if (future is not null && TryEnd(slot, future, out result))
                {
                    return true;
                }
            }
        }
        finally
        {
            using (_gate.Enter())
            {
                _isPolling = false;
            }
        }
    }

    private int Begin()
    {
        using (_gate.Enter())
        {
            if (_isPolling)
            {
                throw new InvalidOperationException("Somebody polls this set of futures already. One at a time does.");
            }

            _isPolling = true;
            return _woken;
        }
    }

    private bool TryEnd(Slot slot, IFuture<T> future, [MaybeNullWhen(false)] out T result)
    {
        bool hasEnded = true; // and if it throws
        try
        {
            var context = new Context(new Waker(slot));
            hasEnded = context.Poll<IFuture<T>, T>(ref future).TryGetValue(out result);
            return hasEnded;
        }
        finally
        {
            bool isDisposed;
            using (_gate.Enter())
            {
                _polled = null;
                isDisposed = _isDisposed;
                if (hasEnded || isDisposed)
                {
                    slot.Future = null;
                }

                if (hasEnded && !isDisposed)
                {
                    slot.NextFree = _free;
                    _free = slot;
                    _count--;
                }
            }

            if (hasEnded || isDisposed)
            {
                Dropper<IFuture<T>>.Drop(ref future);
            }
        }
    }

    private void Wake(Slot slot)
    {
        Waker waker;
        using (_gate.Enter())
        {
            waker = slot.Future is null ? default : Enqueue(slot);
        }

        waker.Wake();
    }

    private Waker Enqueue(Slot slot)
    {
        if (slot.IsWoken)
        {
            return default;
        }

        slot.IsWoken = true;
        _woken++;
        if (_lastWoken is { } last)
        {
            last.NextWoken = slot;
        }
        else
        {
            _firstWoken = slot;
        }

        _lastWoken = slot;
        return TakeWaker();
    }

    private Slot? Dequeue()
    {
        if (_firstWoken is not { } slot)
        {
            return null;
        }

        _firstWoken = slot.NextWoken;
        if (_firstWoken is null)
        {
            _lastWoken = null;
        }

        slot.NextWoken = null;
        slot.IsWoken = false;
        _woken--;
        return slot;
    }

    private Waker TakeWaker()
    {
        Waker waker = _waker;
        _waker = default;
        return waker;
    }

    /// <summary>The next result, as a future. To drop it loses nothing.</summary>
    private readonly struct Next(FuturesUnordered<T> futures) : IFuture<(bool Any, T? Result)>
    {
        public Poll<(bool Any, T? Result)> Poll(ref Context context) =>
            futures.PollNext(ref context, out T? result).TryGetValue(out bool any) ? (any, result) : Poll<(bool, T?)>.Pending;

        public override string ToString() => $"the first of {futures}";
    }

    /// <summary>A place for a future. All of it is the gate's.</summary>
    private sealed class Slot(FuturesUnordered<T> futures) : IWakeable
    {
        public IFuture<T>? Future;
        public int Index;
        public Slot? NextFree;
        public Slot? NextWoken;
        public bool IsWoken;

        public void Wake(long token) => futures.Wake(this);

        public override string ToString() => $"one of {futures}";
    }
}
