using System.Threading.Channels;
using System.Threading.Tasks.Sources;

namespace Treeline;

/// <summary>
/// Waits for the first of several things: a message, a free place, a lock, a time, the end of a child, a cancellation. Exactly
/// one of them happens; the others have not, and have lost nothing.
/// </summary>
/// <example><code>
/// var next = new Select&lt;string&gt;()
///     .On(orders.ReceiveCase(), order => $"order {order}")
///     .On(Clock.DelayCase(TimeSpan.FromSeconds(5)), () => "nothing for five seconds")
///     .On(SelectCase.Cancelled(stoppingToken), () => "stopping");
/// string what = await next.WaitAsync(cancellationToken);
/// </code></example>
/// <remarks>
/// <para>If several things can happen at once, chance decides among them, so that none is kept out for ever by one that always
/// can; after <see cref="Biased"/> the one that was named first wins. The handler of what happened runs when the wait has
/// ended, in the code that awaited; it should be short, and do its work with what the wait returns.</para>
/// <para>It can be waited for again and again, by one at a time; that allocates nothing.</para>
/// <para><b>Protocol.</b> <c>_waiting</c> is 1 from the beginning of a wait until its result has been taken; who set it owns all
/// fields. The two phases: each case is entered, in turn, with a branch of a <see cref="SelectCell">cell</see> that is awaited;
/// whoever claims the cell (a primitive, the token, the clock) decides, and from then on no branch of it can be claimed. Then
/// whoever awaited, resumed, takes the losing branches out of their primitives and the value out of the winning one. A case
/// that can happen when it is entered is claimed then and there, and the rest are not entered.</para>
/// </remarks>
/// <typeparam name="TResult">What the handlers give.</typeparam>
public sealed class Select<TResult> : IWaitQueue, IValueTaskSource<TResult>
{
    private readonly List<SelectBranch<TResult>> _branches = [];
    private bool _biased;
    private TimeProvider? _clock;

    private int _waiting;
    private short _version;
    private Waiter<WaiterBase>? _cell;

    // The time that comes first, or has come: what wins if no branch does.
    private SelectTimerBranch<TResult>? _timer;

    /// <summary>Adds something that gives a value.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    /// <param name="when">What may happen.</param>
    /// <param name="then">Makes the result of the value. If what may happen fails (a channel is closed, a child failed), the wait throws that.</param>
    /// <returns>This select.</returns>
    /// <exception cref="InvalidOperationException">Somebody waits for it now.</exception>
    public Select<TResult> On<T>(SelectCase<T> when, Func<T, TResult> then) => On(when, then, closed: null);

    /// <summary>Adds something that gives a value until it is closed: a channel.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    /// <param name="when">What may happen.</param>
    /// <param name="then">Makes the result of the value.</param>
    /// <param name="closed">Makes the result when the channel is closed and empty; gets why. A closed channel always can.</param>
    /// <returns>This select.</returns>
    /// <exception cref="InvalidOperationException">Somebody waits for it now.</exception>
    public Select<TResult> On<T>(SelectCase<T> when, Func<T, TResult> then, Func<ChannelClosedException, TResult>? closed)
    {
        ArgumentNullException.ThrowIfNull(then);
        return Add(when.Read is { } read
            ? new SelectBranch<Nothing, TResult>(Known(when.Signal), _ => then(read()), closed)
            : new SelectBranch<T, TResult>(Known(when.Source), then, closed));
    }

    /// <summary>Adds something that gives no value.</summary>
    /// <param name="when">What may happen.</param>
    /// <param name="then">Makes the result.</param>
    /// <returns>This select.</returns>
    /// <exception cref="ArgumentException">A time on another clock than that of a case before.</exception>
    /// <exception cref="InvalidOperationException">Somebody waits for it now.</exception>
    public Select<TResult> On(SelectCase when, Func<TResult> then)
    {
        ArgumentNullException.ThrowIfNull(then);
        if (when.Timer is not { } timer)
        {
            ISelectable<Nothing>? source = when.IsToken ? new TokenSignal(when.Token) : when.Source;
            return Add(new SelectBranch<Nothing, TResult>(Known(source), _ => then(), closed: null));
        }

        if (_clock is not null && _clock != timer.Clock)
        {
            throw new ArgumentException("The times of one select must be on one clock; this one is on another than that before.", nameof(when));
        }

        _clock = timer.Clock;
        return Add(new SelectTimerBranch<TResult>(timer, then));
    }

    /// <summary>From now on, of several things that can happen at once, the one named first does.</summary>
    /// <returns>This select.</returns>
    /// <exception cref="InvalidOperationException">Somebody waits for it now.</exception>
    public Select<TResult> Biased()
    {
        ThrowIfWaiting();
        _biased = true;
        return this;
    }

    /// <summary>
    /// Waits until one of the things has happened.
    /// Cancellation: none of them has happened then, and nothing is lost: no message is taken, no lock held.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What the handler of that thing gave. To be awaited, once, even if it has happened by now: what it gave is lost else.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    /// <exception cref="InvalidOperationException">There is nothing to wait for, or somebody waits already.</exception>
    public ValueTask<TResult> WaitAsync(CancellationToken cancellationToken = default)
    {
        if (_branches.Count == 0)
        {
            throw new InvalidOperationException("This select has no case, so it would wait for ever. Add what to wait for by On.");
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TResult>(cancellationToken);
        }

        if (Interlocked.Exchange(ref _waiting, 1) != 0)
        {
            ThrowWaiting();
        }

        Waiter<WaiterBase> cell = SelectCell.Rent(this, cancellationToken);
        _cell = cell;
        _version++;
        TimeSpan left = Timeout.InfiniteTimeSpan;
        try
        {
            left = EnterAll(cell);
        }
        catch (Exception e)
        {
            // Say, a clock of the user's that throws. What has happened counts more.
            if (cell.TryClaim())
            {
                cell.Fail(e);
            }
        }

        if (left > TimeSpan.Zero)
        {
            cell.LimitTo(_clock!, left, throws: false);
        }

        cell.AsAwaitable(); // starts token and time; it is awaited by way of this
        cell.TakeBudget();
        return new ValueTask<TResult>(this, _version);
    }

    /// <summary>What it waits for.</summary>
    /// <returns>The cases, for people.</returns>
    public override string ToString() => $"the first of: {string.Join(", ", _branches)}";

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        // The cell is in no list. The branches leave theirs when the awaiter takes the result.
    }

    ValueTaskSourceStatus IValueTaskSource<TResult>.GetStatus(short token)
    {
        Waiter<WaiterBase> cell = CellOf(token);
        return cell.GetStatus(cell.Token);
    }

    void IValueTaskSource<TResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        Waiter<WaiterBase> cell = CellOf(token);
        cell.OnCompleted(continuation, state, cell.Token, flags);
    }

    TResult IValueTaskSource<TResult>.GetResult(short token)
    {
        Waiter<WaiterBase> cell = CellOf(token);
        if (cell.GetStatus(cell.Token) == ValueTaskSourceStatus.Pending)
        {
            cell.GetResult(cell.Token); // says how it is to be awaited
        }

        try
        {
            WaiterBase? winner = null;
            try
            {
                winner = cell.GetResult(cell.Token);
            }
            finally
            {
                _cell = null;
                foreach (SelectBranch<TResult> branch in _branches)
                {
                    branch.LoseUnless(winner);
                }
            }

            return (_branches.Find(static branch => branch.HasWon) ?? _timer!).Take();
        }
        finally
        {
            _timer = null;
            Volatile.Write(ref _waiting, 0);
        }
    }

    private static ISelectable<T> Known<T>(ISelectable<T>? when) => when ?? throw new ArgumentException(
        "A default SelectCase stands for nothing. Primitives make cases, say receiver.ReceiveCase().", nameof(when));

    private static void ThrowWaiting() => throw new InvalidOperationException(
        "Somebody waits for this select. One can at a time, and awaits what WaitAsync gave: make one for each who waits.");

    /// <summary>Enters the cases until the cell is decided. The time until the first time comes, if there is one.</summary>
    private TimeSpan EnterAll(Waiter<WaiterBase> cell)
    {
        TimeSpan least = Timeout.InfiniteTimeSpan;
        int count = _branches.Count;
        int start = _biased ? 0 : WorkerThread.Current.Worker?.NextRandom(count) ?? Random.Shared.Next(count);
        long now = _clock?.GetTimestamp() ?? 0;
        for (int i = 0; i < count && cell.Outcome == WaitOutcome.Pending; i++)
        {
            SelectBranch<TResult> branch = _branches[(start + i) % count];
            if (branch is not SelectTimerBranch<TResult> timer)
            {
                branch.Enter(cell);
                continue;
            }

            TimeSpan left = timer.Left(now);
            if (left <= TimeSpan.Zero)
            {
                if (cell.TryClaim())
                {
                    _timer = timer;
                    cell.Complete(null!);
                }
            }
            else if (least == Timeout.InfiniteTimeSpan || left < least)
            {
                least = left;
                _timer = timer;
            }
        }

        return least;
    }

    private Select<TResult> Add(SelectBranch<TResult> branch)
    {
        ThrowIfWaiting();
        _branches.Add(branch);
        return this;
    }

    private void ThrowIfWaiting()
    {
        if (Volatile.Read(ref _waiting) != 0)
        {
            ThrowWaiting();
        }
    }

    private Waiter<WaiterBase> CellOf(short token) => token == _version && _cell is { } cell
        ? cell
        : throw new InvalidOperationException(
            "This wait has been awaited already. It can be awaited once: to await it several times, call AsTask() once and await "
            + "the task.");
}
