using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Treeline;

/// <summary>
/// Listens to a signal of the operating system, from when it is made until it is disposed, whether or not somebody waits just then:
/// <c>while (true) { await hangUp.ReceivedAsync(ct); await ReloadAsync(ct); }</c> reloads once more if a signal came while it reloaded.
/// </summary>
/// <remarks>
/// <para>Signals that come before somebody takes one are one, as the system itself has it: a signal says that something has happened,
/// not how often. Each subscription gets each signal.</para>
/// <para><b>Protocol.</b> <c>_gate</c> owns <c>_isPending</c>, <c>_isDisposed</c> and <c>_waiters</c>. A signal is kept only while nobody who
/// can be claimed stands in the list. The system's callback may come after disposal, and then finds that.</para>
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class SignalSubscription : ISelectable<Nothing>, IDisposable
{
    private readonly PosixSignal _signal;
    private readonly PosixSignalRegistration _registration;
    private Gate _gate;
    private bool _isPending;
    private bool _isDisposed;
    private WaiterList<Nothing> _waiters;

    internal SignalSubscription(PosixSignal signal)
    {
        _signal = signal;
        _registration = PosixSignalRegistration.Create(signal, Receive);
    }

    /// <summary>
    /// Takes the signal that has come since the last one was taken, or waits for the next. Several who wait get one each, in turn.
    /// Cancellation: took no signal; it stays for who comes next.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A wait to be awaited once.</returns>
    /// <exception cref="ObjectDisposedException">The subscription has been disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public ValueTask ReceivedAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Executor executor = Executor.Current;
        Waiter<Nothing>? waiter = null;
        using (_gate.Enter())
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_isPending)
            {
                _isPending = false;
            }
            else
            {
                waiter = Waiter<Nothing>.Rent(this, cancellationToken);
                waiter.ResumeOn(executor);
                _waiters.Add(waiter);
            }
        }

        return waiter is null ? Waiter<Nothing>.Over() : waiter.AsVoidValueTask();
    }

    /// <summary>Taking a signal, as one of several things to wait for. If another comes first, no signal is taken.</summary>
    /// <returns>A case for <see cref="Select{TResult}"/>.</returns>
    public SelectCase ReceivedCase() => new(this);

    /// <summary>
    /// Stops listening: if nobody else does, the signal does again what it does by itself. Who waits gets
    /// <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        _registration.Dispose();
        var left = default(WaiterList<Nothing>);
        using (_gate.Enter())
        {
            _isDisposed = true;
            while (_waiters.TryPopClaimed(out Waiter<Nothing>? waiter))
            {
                left.Add(waiter);
            }
        }

        while (left.TryPop(out Waiter<Nothing>? waiter))
        {
            waiter.Fail(new ObjectDisposedException(GetType().FullName, $"The subscription to {this} was disposed while somebody waited."));
        }
    }

    /// <summary>What it listens to.</summary>
    /// <returns>For people.</returns>
    public override string ToString() => $"signal {_signal}";

    /// <summary>A signal has come. Called by the system, on a thread of its choice.</summary>
    internal void Receive(PosixSignalContext context)
    {
        context.Cancel = true;
        Waiter<Nothing>? first;
        using (_gate.Enter())
        {
            if (!_waiters.TryPopClaimed(out first))
            {
                _isPending = true;
                return;
            }
        }

        first.Complete(default);
    }

    void ISelectable<Nothing>.Enter(Waiter<Nothing> branch)
    {
        bool isDisposed;
        using (_gate.Enter())
        {
            isDisposed = _isDisposed;
            if (!_isPending && !isDisposed)
            {
                _waiters.Add(branch);
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }

            _isPending = false;
        }

        if (isDisposed)
        {
            branch.Fail(new ObjectDisposedException(GetType().FullName));
        }
        else
        {
            branch.Complete(default);
        }
    }

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiters.Remove((Waiter<Nothing>)waiter);
        }
    }
}
