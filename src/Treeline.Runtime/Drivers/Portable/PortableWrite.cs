using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Treeline.Net;

namespace Treeline.Drivers;

/// <summary>The one wait for room to send.</summary>
/// <remarks>
/// .NET has no bell for room. Where bytes wait to be sent, the first of them is the bell: .NET's operation sends that one, and either
/// has or has not, as it could not be said of several; the others follow by a call that does not block. Where only room is waited for,
/// which is rare, the socket is asked now and then.
/// <para>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>; no system call is made under it. <c>_writer</c> is in the slot from before .NET's
/// operation is started until it has ended; nobody else ends that wait. A writer that gives up cancels the operation, by
/// <c>_stop</c>, and is cancelled if that ends so; if the byte was sent, it has written it. <c>_watcher</c>: who waits for room only; ended by
/// the timer, by its token or by closing. Closing ends the operation of a writer through the socket, which the owner closes next.
/// </para>
/// </remarks>
internal sealed class PortableWrite : IWaitQueue, IDisposable
{
    // How long until the socket is asked again for room, in milliseconds: doubled each time.
    private const int ShortestPause = 1;
    private const int LongestPause = 32;

    private readonly PortableStreamSocket _owner;
    private readonly Socket _socket;
    private readonly Executor _executor;
    private readonly byte[] _first = new byte[1];
    private readonly Action _onSent;
    private readonly List<ArraySegment<byte>> _segments = [];
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _sending;
    private Gate _gate;
    private Waiter<int>? _writer;
    private ReadOnlyMemory<byte> _rest;
    private CancellationTokenSource? _stop;
    private Waiter<Nothing>? _watcher;
    private Timer? _timer;
    private int _pause;
    private bool _isClosed;

    public PortableWrite(PortableStreamSocket owner, Socket socket, Executor executor)
    {
        _owner = owner;
        _socket = socket;
        _executor = executor;
        _onSent = OnSent;
    }

    /// <inheritdoc cref="PortableWait{T}.IsUnderWay"/>
    public bool IsUnderWay => Volatile.Read(ref _writer) is not null;

    private string Doing => $"writing to {_owner.Peer}";

    private bool IsBusy => _writer is not null || _watcher is not null;

    /// <inheritdoc cref="StreamSocket.WriteAsync"/>
    public ValueTask<int> WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        CheckFree();
        SocketError error = TrySend(buffer.Span, out int written);
        return error == SocketError.Success ? Waiter<int>.Over(written)
            : error != SocketError.WouldBlock ? ValueTask.FromException<int>(ErrorOf(error))
            : Wait(buffer, cancellationToken);
    }

    /// <inheritdoc cref="StreamSocket.WriteVectoredAsync"/>
    public ValueTask<int> WriteVectoredAsync(IReadOnlyList<ReadOnlyMemory<byte>> buffers, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        CheckFree();
        ReadOnlyMemory<byte> first = default;
        int written = 0;
        SocketError error;
        _segments.Clear();
        foreach (ReadOnlyMemory<byte> buffer in buffers)
        {
            if (!buffer.IsEmpty)
            {
                first = first.IsEmpty ? buffer : first;
                _segments.Add(MemoryMarshal.TryGetArray(buffer, out ArraySegment<byte> segment) ? segment : buffer.ToArray());
            }
        }

        try
        {
            error = SocketError.Success;
            if (!first.IsEmpty)
            {
                written = _socket.Send(_segments, SocketFlags.None, out error);
            }
        }
        catch (ObjectDisposedException)
        {
            error = SocketError.OperationAborted;
        }
        finally
        {
            _segments.Clear();
        }

        return error == SocketError.Success ? Waiter<int>.Over(written)
            : error != SocketError.WouldBlock ? ValueTask.FromException<int>(ErrorOf(error))
            : Wait(first, cancellationToken);
    }

    /// <inheritdoc cref="StreamSocket.TryWrite"/>
    public bool TryWrite(ReadOnlySpan<byte> buffer, out int written)
    {
        CheckFree();
        SocketError error = TrySend(buffer, out written);
        return error == SocketError.Success || (error == SocketError.WouldBlock ? false : throw ErrorOf(error));
    }

    /// <inheritdoc cref="StreamSocket.WritableAsync"/>
    public ValueTask WritableAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        CheckFree();
        if (_socket.IsThere(SelectMode.SelectWrite))
        {
            return Waiter<Nothing>.Over();
        }

        Timer timer = _timer ?? NewTimer();
        Waiter<Nothing> waiter;
        using (_gate.Enter())
        {
            ThrowUnlessFree();
            waiter = Waiter<Nothing>.Rent(this, cancellationToken);
            waiter.ResumeOn(_executor);
            _watcher = waiter;
            _pause = ShortestPause;
        }

        timer.Change(ShortestPause, Timeout.Infinite);
        return waiter.AsVoidValueTask();
    }

    /// <summary>Ends who waits for room only. The socket is closed next, which ends a writer.</summary>
    public void Dispose()
    {
        Waiter<Nothing>? watcher;
        using (_gate.Enter())
        {
            _isClosed = true;
            watcher = TakeWatcher();
        }

        _timer?.Dispose();
        watcher?.Fail(SocketErrors.Closed(Doing));
    }

    public override string ToString() => $"write to {_owner.Peer}";

    void IWaitQueue.Remove(WaiterBase waiter)
    {
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

        CancellationTokenSource? stop;
        using (_gate.Enter())
        {
            if (waiter.Outcome != WaitOutcome.Pending)
            {
                return false;
            }

            stop = _stop;
        }

        stop?.Cancel();
        return false;
    }

    private ValueTask<int> Wait(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled && _stop is not { IsCancellationRequested: false })
        {
            _stop = new CancellationTokenSource();
        }

        _first[0] = buffer.Span[0];
        Waiter<int> waiter;
        using (_gate.Enter())
        {
            ThrowUnlessFree();
            waiter = Waiter<int>.Rent(this, cancellationToken);
            waiter.ResumeOn(_executor);
            _writer = waiter;
            _rest = buffer[1..];
        }

#pragma warning disable CA2012 // OnSent takes the result, once.
        _sending = SendFirstAsync(cancellationToken.CanBeCanceled ? _stop!.Token : default).ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
        if (_sending.IsCompleted)
        {
            OnSent();
        }
        else
        {
            _sending.UnsafeOnCompleted(_onSent);
        }

        return waiter.AsValueTask();
    }

    private ValueTask<int> SendFirstAsync(CancellationToken stop)
    {
        try
        {
            return _socket.SendAsync(_first, SocketFlags.None, stop);
        }
        catch (ObjectDisposedException e)
        {
            return ValueTask.FromException<int>(e);
        }
    }

    private void OnSent()
    {
        Exception? error = null;
        bool givesUp = false;
        int written = 0;
        try
        {
            written = _sending.GetResult() + SendRest();
        }
        catch (OperationCanceledException)
        {
            givesUp = true;
        }
        catch (SocketException e)
        {
            error = ErrorOf(e.SocketErrorCode);
        }
        catch (ObjectDisposedException)
        {
            error = SocketErrors.Closed(Doing);
        }

        Waiter<int> writer;
        using (_gate.Enter())
        {
            writer = _writer!;
            _writer = null;
            _rest = default;
            _sending = default;
            if (givesUp)
            {
                writer.GiveUp();
            }
            else
            {
                bool claimed = writer.TryClaim();
                Debug.Assert(claimed, "Nobody else ends a writer's wait.");
            }
        }

        if (error is not null)
        {
            writer.Fail(error);
        }
        else
        {
            writer.Complete(written);
        }
    }

    /// <summary>Sends what there is room for after the first byte; what is wrong the next write says.</summary>
    private int SendRest()
    {
        try
        {
            return TrySend(_rest.Span, out int written) == SocketError.Success ? written : 0;
        }
        catch (Exception)
        {
            // The memory that was given threw: only the first byte, which had been copied, was written.
            return 0;
        }
    }

    private void OnTimer()
    {
        bool isThere = _socket.IsThere(SelectMode.SelectWrite);
        Waiter<Nothing>? watcher = null;
        int pause = 0;
        using (_gate.Enter())
        {
            if (isThere)
            {
                watcher = TakeWatcher();
            }
            else if (_watcher is not null)
            {
                pause = _pause = Math.Min(2 * _pause, LongestPause);
            }
        }

        if (watcher is not null)
        {
            watcher.Complete(default);
        }
        else if (pause > 0)
        {
            _timer!.Change(pause, Timeout.Infinite); // false if it is disposed
        }
    }

    private Timer NewTimer()
    {
        // It outlives the wait, and must not hold on to the context of whoever waited first.
        using (ExecutionContext.SuppressFlow())
        {
            return _timer = new Timer(static write => ((PortableWrite)write!).OnTimer(), this, Timeout.Infinite, Timeout.Infinite);
        }
    }

    private SocketError TrySend(ReadOnlySpan<byte> buffer, out int written)
    {
        written = 0;
        if (buffer.IsEmpty)
        {
            return SocketError.Success;
        }

        try
        {
            written = _socket.Send(buffer, SocketFlags.None, out SocketError error);
            return error;
        }
        catch (ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
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

    private Exception ErrorOf(SocketError error) => Volatile.Read(ref _isClosed)
        ? SocketErrors.Closed(Doing)
        : SocketErrors.Of(error, Doing);
}
