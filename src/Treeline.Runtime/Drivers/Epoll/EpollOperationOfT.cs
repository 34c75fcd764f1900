using System.Diagnostics;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Epoll;

/// <summary>
/// An operation on a socket that may have to wait until epoll says that it is ready: read, write, accept. One at a time may be in
/// flight. It is attempted by who asks for it, unless it is known that there is nothing; if it has to wait, whoever dispatches the event attempts it again, and
/// resumes the waiter with what came of it: one call of the system for each read, and no probe.
/// </summary>
/// <remarks>
/// <para><b>Protocol.</b> Everything is decided by <c>_state</c>, a word of flags that is only changed by compare-and-swap (a full fence, so what was stored
/// before is seen by whoever finds the flag):</para>
/// <code>
/// Ready    epoll has said so, and since then no attempt has found less than it asked for
/// Ended    the same, for ever
/// Busy     somebody attempts: the caller, or whoever dispatches. He alone touches the fields, and the descriptor
/// Waiting  an attempt has found nothing, and _waiter waits
/// GivesUp  set while Busy: the token of the waiter wants to end the wait
/// Closed   nothing begins any more
///
/// Busy and Waiting exclude each other. Neither → Busy: the caller. Busy → Waiting: the caller or the dispatcher, found nothing.
/// Waiting → Busy: the dispatcher, at an event. Waiting → neither: a token, or Close. Busy → neither: whoever attempts, done.
/// </code>
/// <para><b>No event is lost.</b> The upper bits of the word count events. Whoever attempts reads the word <i>before</i> the attempt, and clears Ready after it only if
/// no event has come since (as Tokio's <c>ScheduledIo</c> does by its tick): one that came during the attempt may be of bytes that it did not see. The attempt
/// that finds nothing goes to Waiting only from a state without Ready; else it attempts again. An event that finds Waiting attempts; any other sets Ready.</para>
/// <para><b>Nothing is lost to a cancellation.</b> A token asks here first (<see cref="IWaitQueue.MayGiveUp"/>). If it finds Waiting, it takes that away and has
/// won: nobody will attempt. If it finds Busy, an attempt is being made, and whoever makes it decides: if something
/// came of it, that was before the cancellation; if nothing, he ends the wait as cancelled. A token that comes late, when its wait is over and another is
/// in flight, can be mistaken for that one's by the flags alone: so who takes Waiting away looks at the waiter again, and who finds GivesUp at the token.</para>
/// <para><b>Close</b> sets Closed, and becomes Busy if somebody waits, to fail the wait. Whoever is last to be Busy after that, or Close itself, ends
/// the operation's use of the descriptor.</para>
/// <para><b>A spurious event</b> is an attempt that finds nothing, as any other.</para>
/// </remarks>
/// <typeparam name="T">What it gives.</typeparam>
internal abstract class EpollOperation<T> : EpollOperation, IWaitQueue
{
    private const int Ready = 1;
    private const int Ended = 2;
    private const int Busy = 4;
    private const int Waiting = 8;
    private const int GivesUp = 16;
    private const int Closed = 32;
    private const int Flags = 63;
    private const int NotSpent = 1; // no count of events
    private const int Event = 64; // the unit in which events are counted, modulo 2^26

    private int _state;
    private Waiter<T>? _waiter;
    private CancellationToken _token;
    private EpollWatchers? _watchers;

    /// <param name="socket">Keeps its descriptor open until the operation is closed and at rest.</param>
    /// <param name="ready">Whether to assume that it need not wait at first.</param>
    protected EpollOperation(EpollSocket socket, bool ready)
    {
        Socket = socket;
        _state = ready ? Ready : 0;
        socket.TryKeep(); // open: its creator has it
    }

    protected EpollSocket Socket { get; }

    public override bool MayBeReady => (Volatile.Read(ref _state) & (Ready | Ended | Closed)) != 0;

    public override bool IsInFlight => (Volatile.Read(ref _state) & (Busy | Waiting)) != 0;

    /// <summary>Those who wait to be told that it is ready, without attempting anything.</summary>
    public EpollWatchers Watchers
    {
        get
        {
            if (_watchers is null)
            {
                Interlocked.CompareExchange(ref _watchers, new EpollWatchers(Socket, this), null);
            }

            return _watchers;
        }
    }

    /// <summary>Takes the right to attempt. The caller then sets what is to be done, and calls <see cref="Start"/> or <see cref="TryNow"/>.</summary>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    /// <exception cref="InvalidOperationException">Another is in flight.</exception>
    protected void Enter()
    {
        int state = Volatile.Read(ref _state);
        while (true)
        {
            if ((state & (Busy | Waiting | Closed)) != 0)
            {
                throw Refusal(state);
            }

            int seen = Interlocked.CompareExchange(ref _state, state | Busy, state);
            if (seen == state)
            {
                return;
            }

            state = seen;
        }
    }

    /// <summary>Attempts what was set, and waits if there is nothing. Called after <see cref="Enter"/>.</summary>
    protected ValueTask<T> Start(CancellationToken cancellationToken)
    {
        try
        {
            if (MayBeReady && AttemptAll(out T result, out Errno error, out int spent))
            {
                Leave(spent);
                return error == Errno.None ? Waiter<T>.Over(result) : ValueTask.FromException<T>(ToException(error));
            }
        }
        catch (Exception)
        {
            Leave(NotSpent); // the memory that was given threw: it is not there any more
            throw;
        }

        Waiter<T> waiter = Waiter<T>.Rent(this, cancellationToken);
        waiter.ResumeOn(Socket.Driver.Executor);
        _token = cancellationToken;
        _waiter = waiter;
        Settle(); // from here on it may be anybody's
        return waiter.AsValueTask();
    }

    /// <summary>There was nothing to attempt. Called after <see cref="Enter"/>.</summary>
    protected void LeaveAtOnce() => Leave(NotSpent);

    /// <summary>Attempts what was set, and does not wait: false, there is nothing. Called after <see cref="Enter"/>.</summary>
    protected bool TryNow(out T result)
    {
        result = default!;
        Errno error = Errno.None;
        int spent = NotSpent;
        bool done;
        try
        {
            done = MayBeReady && AttemptAll(out result, out error, out spent);
        }
        finally
        {
            Leave(spent);
        }

        return error is Errno.None or Errno.Again ? done : throw ToException(error);
    }

    public override void OnReady(bool ended)
    {
        int flags = ended ? Ready | Ended : Ready;
        int state = Volatile.Read(ref _state);
        while (true)
        {
            bool attempts = (state & Waiting) != 0;
            int next = unchecked((attempts ? (state & ~Waiting) | flags | Busy : state | flags) + Event);
            int seen = Interlocked.CompareExchange(ref _state, next, state);
            if (seen == state)
            {
                if (attempts)
                {
                    Settle();
                }

                break;
            }

            state = seen;
        }

        _watchers?.Tell();
    }

    public override void Close()
    {
        int state = Volatile.Read(ref _state);
        while ((state & Closed) == 0)
        {
            int next = (state & Waiting) != 0 ? (state & ~Waiting) | Busy | Closed : state | Closed;
            int seen = Interlocked.CompareExchange(ref _state, next, state);
            if (seen != state)
            {
                state = seen;
            }
            else if ((state & Waiting) != 0)
            {
                Settle();
            }
            else if ((state & Busy) == 0)
            {
                Socket.EndUse();
            }
        }

        _watchers?.Tell();
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        // It has been taken out before it was allowed to give up.
    }

    bool IWaitQueue.MayGiveUp(WaiterBase waiter)
    {
        int state = Volatile.Read(ref _state);
        while (ReferenceEquals(Volatile.Read(ref _waiter), waiter))
        {
            bool waits = (state & Waiting) != 0;
            if (!waits && (state & (Busy | GivesUp)) != Busy)
            {
                return false;
            }

            int next = waits ? (state & ~Waiting) | Busy : state | GivesUp;
            int seen = Interlocked.CompareExchange(ref _state, next, state);
            if (seen != state)
            {
                state = seen;
            }
            else if (!waits)
            {
                return false; // whoever attempts decides
            }
            else if (ReferenceEquals(_waiter, waiter))
            {
                _waiter = null;
                Leave(NotSpent);
                return true;
            }
            else
            {
                // That one was over, and another waits since: it goes on waiting.
                Settle();
                return false;
            }
        }

        return false;
    }

    /// <summary>What the operation is, for the tree and for errors.</summary>
    public abstract override string ToString();

    /// <summary>
    /// Does what was set, once. <paramref name="more"/>: whether it may be worth while to try again without an event.
    /// <see cref="Errno.Again"/>: there is nothing.
    /// </summary>
    protected abstract Errno Attempt(out T result, out bool more);

    /// <summary>Nothing is in flight any more: lets go of what was set.</summary>
    protected abstract void Forget();

    protected virtual Exception ToException(Errno error) => error.ToException(ToString());

    /// <summary>
    /// Called by who is Busy. False: there is nothing, and Ready is cleared. True: <paramref name="spent"/> is for <see cref="Leave"/>.
    /// </summary>
    private bool AttemptAll(out T result, out Errno error, out int spent)
    {
        while (true)
        {
            int before = Volatile.Read(ref _state);
            error = Attempt(out result, out bool more);
            if (error == Errno.Again)
            {
                if (TryClear(before))
                {
                    spent = NotSpent;
                    return false;
                }
            }
            else if (error != Errno.Interrupted)
            {
                spent = more ? NotSpent : before & ~Flags;
                return true;
            }
        }
    }

    /// <summary>An attempt has found nothing. False: an event came during it.</summary>
    private bool TryClear(int before)
    {
        int state = Volatile.Read(ref _state);
        while ((state & ~Flags) == (before & ~Flags))
        {
            // Ended, and yet nothing: an event is on its way, or will never come. It is waited for as usual.
            int seen = Interlocked.CompareExchange(ref _state, state & ~(Ready | Ended), state);
            if (seen == state)
            {
                return true;
            }

            state = seen;
        }

        return false;
    }

    /// <summary>Called by who is Busy, with a waiter: attempts until something has come of it or the waiter waits.</summary>
    private void Settle()
    {
        while (true)
        {
            int state = Volatile.Read(ref _state);
            if ((state & Closed) != 0)
            {
                TakeWaiter(NotSpent).Fail(Socket.Disposed());
                return;
            }

            if ((state & GivesUp) != 0)
            {
                if (!_token.IsCancellationRequested)
                {
                    // It was meant for the wait before this one, whose token came too late.
                    Interlocked.And(ref _state, ~GivesUp);
                    continue;
                }

                Waiter<T> waiter = _waiter!;
                _waiter = null;
                Leave(NotSpent);
                waiter.GiveUp();
                waiter.Complete();
                return;
            }

            if ((state & (Ready | Ended)) != 0)
            {
                bool done;
                T result;
                Errno error;
                int spent;
                try
                {
                    done = AttemptAll(out result, out error, out spent);
                }
                catch (Exception e)
                {
                    // The memory that was given threw. That is its owner's business, not that of whoever dispatches.
                    TakeWaiter(NotSpent).Fail(e);
                    return;
                }

                if (done)
                {
                    Waiter<T> waiter = TakeWaiter(spent);
                    if (error == Errno.None)
                    {
                        waiter.Complete(result);
                    }
                    else
                    {
                        waiter.Fail(ToException(error));
                    }

                    return;
                }
            }
            else if (Interlocked.CompareExchange(ref _state, (state & ~Busy) | Waiting, state) == state)
            {
                return;
            }
        }
    }

    private Waiter<T> TakeWaiter(int spent)
    {
        Waiter<T> waiter = _waiter!;
        _waiter = null;
        bool claimed = waiter.TryClaim();
        Debug.Assert(claimed, "Whoever wants to give up asks first.");
        Leave(spent);
        return waiter;
    }

    /// <summary>Called by who is Busy, and is so no more.</summary>
    /// <param name="spent">
    /// The attempt has got all there was: the count of events before it, and Ready is cleared unless there was one since. Or <see cref="NotSpent"/>.
    /// </param>
    private void Leave(int spent)
    {
        Forget();
        int state = Volatile.Read(ref _state);
        while (true)
        {
            int next = state & ~(Busy | GivesUp);
            if (spent != NotSpent && spent == (state & ~Flags))
            {
                next &= ~Ready;
            }

            int seen = Interlocked.CompareExchange(ref _state, next, state);
            if (seen == state)
            {
                break;
            }

            state = seen;
        }

        if ((state & Closed) != 0)
        {
            Socket.EndUse();
        }
    }

    private Exception Refusal(int state) => (state & Closed) != 0
        ? Socket.Disposed()
        : SocketErrors.Busy(ToString());
}
