using System.Diagnostics;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Drivers;

/// <summary>
/// The one wait for what comes in at a socket: to take it, or only to know that it is there. Over .NET's asynchronous sockets
/// used as a bell: an operation of .NET that takes nothing (<see cref="Ring"/>) tells when to try, and all taking is done by calls that do
/// not block. So whoever gives up has lost nothing, whatever .NET does with a cancelled operation.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>; no system call is made under it.
/// <list type="bullet">
/// <item><c>_taker</c> and <c>_watcher</c>: who waits to take, who waits to know. At most one of the two.</item>
/// <item><c>_rings</c>: .NET's operation is under way, or the thread that it ended on has not been here yet. It is set by whoever
/// then starts it; only the end of the operation resets it. It outlives a wait that gives up, and serves the next.</item>
/// <item><c>_tries</c>: the thread of the bell tries for the taker, outside the gate. Until it is back, the taker is its own: one
/// that gives up meanwhile leaves a note (<c>_givesUp</c>), and is cancelled if the try takes nothing. So cancellation wins only if nothing
/// was taken.</item>
/// <item><c>_failed</c>: the error that the bell's operation ended with, which the system tells once. Swapped out by the next to try.</item>
/// <item><c>_isClosed</c>: ends who waits; a taker that is being tried for is ended by the try.</item>
/// </list>
/// No wake-up is lost: whoever waits has started the bell, or found it under way, after its own try found nothing; the bell looks again
/// when it is started, and whoever finds it under way is in the slot before the bell's end enters the gate.
/// </remarks>
/// <typeparam name="T">What is taken.</typeparam>
internal abstract class PortableWait<T> : SocketAsyncEventArgs, ISelectable<Nothing>
{
    private readonly Executor _executor;
    private Gate _gate;
    private Waiter<T>? _taker;
    private Memory<byte> _buffer;
    private SocketFlags _flags;
    private Waiter<Nothing>? _watcher;
    private bool _rings;
    private bool _tries;
    private bool _givesUp;
    private bool _isClosed;
    private int _failed;

    private protected PortableWait(Executor executor)
        : base(unsafeSuppressExecutionContextFlow: true) => _executor = executor;

    /// <summary>What the operation is called in errors: <c>reading from 127.0.0.1:80</c>.</summary>
    public abstract string Doing { get; }

    /// <summary>True while .NET has an operation under way on the socket: it resets a connection that is closed then, unless told not to.</summary>
    public bool IsUnderWay => Volatile.Read(ref _rings);

    private protected bool IsClosed => Volatile.Read(ref _isClosed);

    private bool IsBusy => _taker is not null || _watcher is not null;

    /// <summary>Takes what is there; waits for it if need be.</summary>
    public ValueTask<T> TakeAsync(Memory<byte> buffer, SocketFlags flags, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        CheckFree();
        SocketError error = Try(buffer.Span, flags, out T value);
        if (error == SocketError.Success)
        {
            return Waiter<T>.Over(value);
        }

        if (error != SocketError.WouldBlock)
        {
            return ValueTask.FromException<T>(ErrorOf(error));
        }

        Waiter<T> waiter;
        bool ring;
        using (_gate.Enter())
        {
            // Looked at again: two may have come at once.
            ThrowUnlessFree();
            waiter = Waiter<T>.Rent(this, cancellationToken);
            waiter.ResumeOn(_executor);
            _taker = waiter;
            _buffer = buffer;
            _flags = flags;
            ring = MustRing();
        }

        if (ring)
        {
            StartRinging();
        }

        return waiter.AsValueTask();
    }

    /// <summary>Waits until something may be there.</summary>
    public ValueTask WatchAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        CheckFree();
        if (MayBeThere())
        {
            return Waiter<Nothing>.Over();
        }

        Waiter<Nothing> waiter;
        bool ring;
        using (_gate.Enter())
        {
            ThrowUnlessFree();
            waiter = Waiter<Nothing>.Rent(this, cancellationToken);
            waiter.ResumeOn(_executor);
            _watcher = waiter;
            ring = MustRing();
        }

        if (ring)
        {
            StartRinging();
        }

        return waiter.AsVoidValueTask();
    }

    /// <summary>Takes what is there now. False: nothing is.</summary>
    public bool TryTakeNow(Span<byte> buffer, SocketFlags flags, out T value)
    {
        CheckFree();
        SocketError error = Try(buffer, flags, out value);
        return error == SocketError.Success || (error == SocketError.WouldBlock ? false : throw ErrorOf(error));
    }

    /// <summary>Ends who waits, and all that come.</summary>
    public void Close()
    {
        Waiter<T>? taker = null;
        Waiter<Nothing>? watcher;
        using (_gate.Enter())
        {
            _isClosed = true;
            watcher = TakeWatcher();
            if (!_tries && _taker is { } waiter)
            {
                taker = waiter;
                bool claimed = EndTaker();
                Debug.Assert(claimed, "Whoever gives up leaves under the gate.");
            }
        }

        watcher?.Fail(SocketErrors.Closed(Doing));
        taker?.Fail(SocketErrors.Closed(Doing));
    }

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch)
    {
        bool isThere = MayBeThere();
        Exception? error = null;
        bool ring = false;
        using (_gate.Enter())
        {
            error = _isClosed ? SocketErrors.Closed(Doing) : IsBusy ? SocketErrors.Busy(Doing) : null;
            if (error is null && !isThere)
            {
                _watcher = branch;
                ring = MustRing();
            }
            else if (!branch.TryClaim())
            {
                return;
            }
        }

        if (ring)
        {
            StartRinging();
        }
        else if (error is not null)
        {
            branch.Fail(error);
        }
        else if (isThere)
        {
            branch.Complete(default);
        }
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        // A taker left when it was asked.
        using (_gate.Enter())
        {
            if (ReferenceEquals(_watcher, waiter))
            {
                _watcher = null;
            }
        }
    }

    bool IWaitQueue.MayGiveUp(WaiterBase waiter)
    {
        if (waiter is Waiter<Nothing>)
        {
            return true;
        }

        using (_gate.Enter())
        {
            if (waiter.Outcome != WaitOutcome.Pending)
            {
                return false;
            }

            Debug.Assert(ReferenceEquals(waiter, _taker), "Who is pending is in the slot.");
            if (_tries)
            {
                _givesUp = true;
                return false;
            }

            _taker = null;
            _buffer = default;
            return true;
        }
    }

    /// <summary>Called by .NET when the bell's operation has ended.</summary>
    protected override void OnCompleted(SocketAsyncEventArgs e) => OnRung();

    /// <summary>
    /// Takes what is there without waiting: <see cref="SocketError.WouldBlock"/> if nothing is. Called by one thread at a time, unless
    /// the socket is used in two places at once, which is a mistake and may confuse who gets what.
    /// </summary>
    private protected abstract SocketError TryTake(Span<byte> buffer, SocketFlags flags, out T value);

    /// <summary>Looks whether something is there, or an error.</summary>
    private protected abstract bool IsThere();

    /// <summary>Starts .NET's operation that ends when something is there. False if it has ended already.</summary>
    private protected abstract bool Ring();

    /// <summary>What the bell's operation has taken is to be kept, if it has.</summary>
    private protected virtual void Keep()
    {
    }

    /// <summary>True if an error of the bell's operation is one of the socket.</summary>
    private protected virtual bool IsFailure(SocketError error) =>
        error is not (SocketError.Success or SocketError.OperationAborted or SocketError.MessageSize);

    private bool MayBeThere() => Volatile.Read(ref _failed) != 0 || IsThere();

    private SocketError Try(Span<byte> buffer, SocketFlags flags, out T value)
    {
        if (Volatile.Read(ref _failed) != 0 && Interlocked.Exchange(ref _failed, 0) is not 0 and int failed)
        {
            value = default!;
            return (SocketError)failed;
        }

        return TryTake(buffer, flags, out value);
    }

    private bool MustRing()
    {
        bool must = !_rings;
        _rings = true;
        return must;
    }

    private void StartRinging()
    {
        if (!TryRing())
        {
            OnRung();
        }
    }

    /// <summary>False if the bell has rung already.</summary>
    private bool TryRing()
    {
        try
        {
            return Ring();
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // Whoever waits finds out what is wrong by trying.
            return false;
        }
    }

    private void OnRung()
    {
        do
        {
            Keep();
            if (IsFailure(SocketError))
            {
                Volatile.Write(ref _failed, (int)SocketError);
            }

            Waiter<Nothing>? watcher;
            Waiter<T>? taker;
            Memory<byte> buffer;
            SocketFlags flags;
            using (_gate.Enter())
            {
                _rings = false;
                watcher = TakeWatcher();
                taker = _taker;
                buffer = _buffer;
                flags = _flags;
                _tries = taker is not null;
            }

            watcher?.Complete(default);
            if (taker is null)
            {
                return;
            }

            SocketError error;
            T value = default!;
            Exception? thrown = null;
            try
            {
                error = Try(buffer.Span, flags, out value);
            }
            catch (Exception e)
            {
                // The memory that was given threw. That is its owner's business, not that of the thread of the bell.
                error = SocketError.Fault;
                thrown = e;
            }

            bool givesUp;
            bool waitsOn;
            using (_gate.Enter())
            {
                _tries = false;
                givesUp = _givesUp && error == SocketError.WouldBlock;
                _givesUp = false;
                waitsOn = error == SocketError.WouldBlock && !givesUp && !_isClosed;
                if (waitsOn)
                {
                    _rings = true;
                }
                else if (givesUp)
                {
                    _taker = null;
                    _buffer = default;
                    taker.GiveUp();
                }
                else
                {
                    bool claimed = EndTaker();
                    Debug.Assert(claimed, "Whoever is tried for cannot give up.");
                }
            }

            if (error == SocketError.Success)
            {
                taker.Complete(value);
                return;
            }

            if (givesUp)
            {
                taker.Complete();
                return;
            }

            if (!waitsOn)
            {
                taker.Fail(thrown ?? ErrorOf(error));
                return;
            }
        }
        while (!TryRing());
    }

    /// <summary>Under the gate.</summary>
    private bool EndTaker()
    {
        Waiter<T> taker = _taker!;
        _taker = null;
        _buffer = default;
        return taker.TryClaim();
    }

    /// <summary>Under the gate: who watched, claimed.</summary>
    private Waiter<Nothing>? TakeWatcher()
    {
        Waiter<Nothing>? watcher = _watcher;
        _watcher = null;
        return watcher is not null && watcher.TryClaim() ? watcher : null;
    }

    private void CheckFree()
    {
        using (_gate.Enter())
        {
            ThrowUnlessFree();
        }
    }

    private void ThrowUnlessFree()
    {
        if (_isClosed || IsBusy)
        {
            throw _isClosed ? SocketErrors.Closed(Doing) : SocketErrors.Busy(Doing);
        }
    }

    private Exception ErrorOf(SocketError error) => IsClosed
        ? SocketErrors.Closed(Doing)
        : SocketErrors.Of(error, Doing);
}
