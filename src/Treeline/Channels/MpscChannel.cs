using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Treeline;

/// <summary>What the two ends of a channel share: its items, those who wait for one, and those who wait for a place.</summary>
/// <remarks>
/// <b>Protocol.</b> Everything below <c>_gate</c> belongs to it. Under the gate it is decided who gets what, and waiters are
/// claimed; outside they are completed, and what belongs to users is called. Inside it only the gates of pools are taken.
/// <para>
/// <b>Places.</b> <c>_free</c> is the capacity less the items in the queue and the permits that are out. What is handed to a
/// receiver who waits needs a place, but takes none. A place that becomes free goes to who stands in line before anybody else
/// can have it; so while somebody stands there, nobody overtakes. The line is two lists, since those of a select are waiters of
/// another type: each carries the number it drew when it came.
/// </para>
/// <para>Whenever the gate is left:</para>
/// <list type="bullet">
/// <item>receivers wait only if there are no items;</item>
/// <item>whoever is first in line needs more places than are free;</item>
/// <item>no receiver waits once the channel is over: closed, with no item, no permit and nobody in line.</item>
/// </list>
/// <para>
/// <b>Closing.</b> The senders' end closes by completing: what stands in line then is still sent. The receiving end closes by
/// <see cref="Close"/>: what stands in line fails. Either way permits that are out are honoured, and receiving goes on until the
/// channel is over; unless the receiver is disposed, which ends it there and then.
/// </para>
/// </remarks>
internal sealed class MpscChannel<T> : IItemSource<T>
{
    /// <summary>The capacity that no program fills.</summary>
    public const int Unbounded = int.MaxValue;

    private readonly int _capacity;
    private readonly FullMode _whenFull;
    private readonly Action<T>? _onUndelivered;
    private readonly string? _name;

    private Gate _gate;
    private ItemQueue<T> _items;
    private int _free;
    private WaiterList<T> _receivers;
    private WaiterList<Permit<T>> _line;
    private WaiterList<Nothing> _cases;
    private HashSet<long>? _permits;
    private long _lastNumber;
    private int _senders = 1;

    // Open, with nobody in line: then sending and receiving are a matter of the items alone.
    private bool _isQuiet = true;
    private bool _isCompleted;
    private bool _isClosed;
    private bool _isDisposed;
    private Exception? _error;
    private TaskCompletionSource? _whenOver;

    public MpscChannel(int capacity, FullMode whenFull, Action<T>? onUndelivered, string? name)
    {
        _capacity = capacity;
        _whenFull = whenFull;
        _onUndelivered = onUndelivered;
        _name = name;
        _items = new ItemQueue<T>(capacity);
        _free = capacity;
    }

    /// <summary>How many items there are.</summary>
    public int Count
    {
        get
        {
            using (_gate.Enter())
            {
                return _items.Count;
            }
        }
    }

    /// <summary>How the channel is called.</summary>
    public string Name => _name is null ? $"a channel of {typeof(T).Name}" : $"channel '{_name}'";

    private bool TakesNothing => _isCompleted || _isClosed;

    private bool IsLineEmpty => _line.IsEmpty && _cases.IsEmpty;

    private bool IsOver =>
        TakesNothing && (_isDisposed || (_items.Count == 0 && IsLineEmpty && _permits is null or { Count: 0 }));

    /// <summary>Completes when nothing is left to be received: with the error, if the channel was completed with one.</summary>
    public Task WhenOver
    {
        get
        {
            bool isOver;
            using (_gate.Enter())
            {
                _whenOver ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                isOver = IsOver;
            }

            if (isOver)
            {
                TellOver();
            }

            return _whenOver.Task;
        }
    }

    /// <summary>One more sender.</summary>
    public void AddSender()
    {
        using (_gate.Enter())
        {
            _senders++;
        }
    }

    /// <summary>One sender less.</summary>
    public void RemoveSender()
    {
        var served = default(MpscServed<T>);
        using (_gate.Enter())
        {
            if (--_senders == 0)
            {
                _isCompleted = true;
                Settle(ref served);
            }
        }

        Finish(ref served);
    }

    /// <summary>What stands in line is sent yet; then no more. False if that is so already.</summary>
    public bool Complete(Exception? error)
    {
        var served = default(MpscServed<T>);
        using (_gate.Enter())
        {
            if (TakesNothing)
            {
                return false;
            }

            _isCompleted = true;
            _error = error;
            Settle(ref served);
        }

        Finish(ref served);
        return true;
    }

    /// <summary>Takes nothing more, not even what stands in line.</summary>
    public void Close() => CloseReceiver(dispose: false);

    /// <summary>As <see cref="Close"/>; nobody receives what is left.</summary>
    public void Dispose() => CloseReceiver(dispose: true);

    /// <summary>Sends, in the way that suits the mode; waits in line of <paramref name="sender"/>.</summary>
    public ValueTask SendAsync(IWaitQueue sender, T item, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Waiter<T>? receiver = null;
        Waiter<Permit<T>>? waiter = null;
        T? displaced = default;
        bool displaces = false;
        var result = SendResult.Sent;
        using (_gate.Enter())
        {
            if (_isQuiet && _free > 0 && _receivers.IsEmpty)
            {
                _free--;
                _items.Enqueue(item);
            }
            else
            {
                result = Put(item, out receiver, out displaced, out displaces);
                if (result == SendResult.Full && _whenFull == FullMode.Wait)
                {
                    _isQuiet = false;
                    waiter = Waiter<Permit<T>>.Rent(sender, cancellationToken);
                    waiter.Value = Permit<T>.ToSend(item, ++_lastNumber);
                    _line.Add(waiter);
                }
            }
        }

        if (receiver is not null)
        {
            receiver.Complete(item);
        }
        else if (waiter is not null)
        {
            return waiter.AsVoidValueTask();
        }
        else if (displaces)
        {
            _onUndelivered?.Invoke(displaced!);
        }
        else if (result != SendResult.Sent)
        {
            return NotSent(result, item);
        }

        return Waiter<Nothing>.Over();
    }

    /// <summary>Sends without waiting.</summary>
    public SendResult TrySend(T item)
    {
        SendResult result;
        Waiter<T>? receiver;
        T? displaced;
        bool displaces;
        using (_gate.Enter())
        {
            result = Put(item, out receiver, out displaced, out displaces);
        }

        receiver?.Complete(item);
        if (displaces)
        {
            _onUndelivered?.Invoke(displaced!);
        }
        else if (result == SendResult.Dropped)
        {
            _onUndelivered?.Invoke(item);
        }

        return result;
    }

    /// <summary>Sends all of <paramref name="items"/> at once, or, cancelled, none.</summary>
    public ValueTask SendBatchAsync(IWaitQueue sender, ReadOnlyMemory<T> items, CancellationToken cancellationToken)
    {
        bool drops = _whenFull is FullMode.DropNewest or FullMode.DropOldest;
        if (items.Length > _capacity && !drops)
        {
            throw new ArgumentException(
                $"A batch of {items.Length} items never fits into {Name}, whose capacity is {_capacity}. Send it in parts.",
                nameof(items));
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        if (items.IsEmpty)
        {
            return Waiter<Nothing>.Over();
        }

        ReadOnlySpan<T> span = items.Span;
        var served = default(MpscServed<T>);
        List<T>? dropped = null;
        Waiter<Permit<T>>? waiter = null;
        using (_gate.Enter())
        {
            if (TakesNothing)
            {
                return ValueTask.FromException(ClosedError());
            }

            if (IsLineEmpty && items.Length <= _free)
            {
                PutAll(span, ref served);
            }
            else if (drops)
            {
                dropped = PutOrDropAll(span, ref served);
            }
            else if (_whenFull == FullMode.Fail)
            {
                return ValueTask.FromException(FullError());
            }
            else
            {
                _isQuiet = false;
                waiter = Waiter<Permit<T>>.Rent(sender, cancellationToken);
                waiter.Value = Permit<T>.ToSend(span.ToArray(), ++_lastNumber);
                _line.Add(waiter);
            }
        }

        if (waiter is not null)
        {
            return waiter.AsVoidValueTask();
        }

        Finish(ref served);
        Undeliver(dropped);
        return Waiter<Nothing>.Over();
    }

    /// <summary>Waits for a place, in every mode.</summary>
    public ValueTask<Permit<T>> ReserveAsync(IWaitQueue sender, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<Permit<T>>(cancellationToken);
        }

        Waiter<Permit<T>> waiter;
        Permit<T> permit;
        using (_gate.Enter())
        {
            if (TakesNothing)
            {
                return ValueTask.FromException<Permit<T>>(ClosedError());
            }

            if (IsLineEmpty && _free > 0)
            {
                permit = Grant();
                waiter = null!;
            }
            else
            {
                permit = default;
                waiter = Waiter<Permit<T>>.Rent(sender, cancellationToken);
                JoinLine(waiter);
            }
        }

        return waiter is null ? Waiter<Permit<T>>.Over(permit) : waiter.AsValueTask();
    }

    /// <summary>As <see cref="ReserveAsync"/>, for a branch of a select.</summary>
    public void EnterReserve(Waiter<Permit<T>> branch)
    {
        Permit<T> permit = default;
        using (_gate.Enter())
        {
            if (!TakesNothing && !(IsLineEmpty && _free > 0))
            {
                JoinLine(branch);
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }

            if (!TakesNothing)
            {
                permit = Grant();
            }
        }

        if (permit.Number == 0)
        {
            branch.Fail(ClosedError());
        }
        else
        {
            branch.Complete(permit);
        }
    }

    /// <summary>As <see cref="SendAsync"/>, for a branch of a select.</summary>
    public void EnterSend(MpscSendCase<T> offer, Waiter<Nothing> branch)
    {
        SendResult result;
        Waiter<T>? receiver;
        T? displaced;
        bool displaces;
        using (_gate.Enter())
        {
            bool waits = _whenFull == FullMode.Wait && !TakesNothing && !(IsLineEmpty && _free > 0);
            if (waits)
            {
                _isQuiet = false;
                offer.Number = ++_lastNumber;
                _cases.Add(branch);
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }

            result = Put(offer.Item, out receiver, out displaced, out displaces);
        }

        receiver?.Complete(offer.Item);
        try
        {
            if (displaces)
            {
                _onUndelivered?.Invoke(displaced!);
            }
            else if (result == SendResult.Dropped)
            {
                _onUndelivered?.Invoke(offer.Item);
            }
        }
        catch (Exception e)
        {
            branch.Fail(e);
            return;
        }

        switch (result)
        {
            case SendResult.Full:
                branch.Fail(FullError());
                break;
            case SendResult.Closed:
                branch.Fail(ClosedError());
                break;
            default:
                branch.Complete(default);
                break;
        }
    }

    /// <summary>Uses a permit.</summary>
    public void SendReserved(long number, T item)
    {
        var served = default(MpscServed<T>);
        bool isMine;
        bool isDisposed;
        using (_gate.Enter())
        {
            isDisposed = _isDisposed;
            isMine = _permits!.Remove(number);
            if (isMine && !isDisposed)
            {
                _free++;
                PutOne(item, ref served);
                Settle(ref served);
            }
        }

        Finish(ref served);
        if (!isMine)
        {
            throw new InvalidOperationException(
                $"This permit of {Name} has been used or given back. A permit sends one item: reserve another.");
        }

        if (isDisposed)
        {
            throw ClosedError();
        }
    }

    /// <summary>Gives a permit back, unless it has been used.</summary>
    public void GiveBack(long number)
    {
        var served = default(MpscServed<T>);
        using (_gate.Enter())
        {
            if (_permits!.Remove(number))
            {
                _free++;
                Settle(ref served);
            }
        }

        Finish(ref served);
    }

    /// <summary>The text of one who receives.</summary>
    public override string ToString() => $"receive from {Name}";

    /// <inheritdoc/>
    public bool Receive(
        IWaitQueue receiver,
        CancellationToken cancellationToken,
        out T item,
        out Waiter<T>? waiter,
        out Exception? error)
    {
        waiter = null;
        error = null;
        var served = default(MpscServed<T>);
        using (_gate.Enter())
        {
            if (_items.Count == 0)
            {
                item = default!;
                if (IsOver)
                {
                    error = _error;
                }
                else
                {
                    waiter = Waiter<T>.Rent(receiver, cancellationToken);
                    _receivers.Add(waiter);
                }

                return false;
            }

            item = Take(ref served);
        }

        Finish(ref served);
        return true;
    }

    /// <summary>Receives without waiting.</summary>
    public bool TryReceive(out T item)
    {
        var served = default(MpscServed<T>);
        using (_gate.Enter())
        {
            if (_items.Count == 0)
            {
                item = default!;
                return false;
            }

            item = Take(ref served);
        }

        Finish(ref served);
        return true;
    }

    /// <summary>Receives as many as there are and as fit.</summary>
    public int TryReceive(Span<T> into)
    {
        var served = default(MpscServed<T>);
        int count = 0;
        using (_gate.Enter())
        {
            // What stood in line may come into the queue meanwhile.
            for (; count < into.Length && _items.Count > 0; count++)
            {
                into[count] = Take(ref served);
            }
        }

        Finish(ref served);
        return count;
    }

    /// <summary>As <see cref="Receive"/>, for a branch of a select.</summary>
    public void EnterReceive(Waiter<T> branch)
    {
        var served = default(MpscServed<T>);
        using (_gate.Enter())
        {
            if (_items.Count == 0 && !IsOver)
            {
                _receivers.Add(branch);
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }

            if (_items.Count == 0)
            {
                served.Ended.Add(branch);
            }
            else
            {
                branch.Value = Take(ref served);
                served.Receivers.Add(branch);
            }
        }

        Finish(ref served);
    }

    /// <inheritdoc/>
    public void Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _receivers.Remove((Waiter<T>)waiter);
        }
    }

    /// <summary>Somebody in line gave up: who stood behind may need less, or may have been the last.</summary>
    public void RemoveFromLine(WaiterBase waiter)
    {
        var served = default(MpscServed<T>);
        using (_gate.Enter())
        {
            if (waiter is Waiter<Permit<T>> sender)
            {
                _line.Remove(sender);
            }
            else
            {
                _cases.Remove((Waiter<Nothing>)waiter);
            }

            Settle(ref served);
        }

        Finish(ref served);
    }

    private ValueTask NotSent(SendResult result, T item)
    {
        if (result != SendResult.Dropped)
        {
            return ValueTask.FromException(result == SendResult.Full ? FullError() : ClosedError());
        }

        _onUndelivered?.Invoke(item);
        return Waiter<Nothing>.Over();
    }

    /// <summary>Why nothing can be received any more.</summary>
    public ChannelClosedException OverError() => new(
        _isDisposed ? $"The receiver of {Name} has been disposed."
            : $"{Capital(Name)} is over: all that was sent has been received, and nothing more can be sent.",
        _error);

    private static string Capital(string text) => string.Concat(text[..1].ToUpperInvariant(), text.AsSpan(1));

    private ChannelClosedException ClosedError() => new(
        _isClosed ? $"The receiver of {Name} takes nothing any more; the item was not sent."
            : $"{Capital(Name)} has been completed; the item was not sent.",
        _error);

    private ChannelFullException FullError() =>
        new($"{Capital(Name)} is full ({_capacity}); the item was not sent. Its receiver does not keep up.");

    private void CloseReceiver(bool dispose)
    {
        var served = default(MpscServed<T>);
        var refused = default(WaiterList<Permit<T>>);
        var refusedCases = default(WaiterList<Nothing>);
        var left = default(ItemQueue<T>);
        using (_gate.Enter())
        {
            _isClosed = true;
            while (_line.TryPopClaimed(out Waiter<Permit<T>>? waiter))
            {
                refused.Add(waiter);
            }

            while (_cases.TryPopClaimed(out Waiter<Nothing>? branch))
            {
                refusedCases.Add(branch);
            }

            if (dispose && !_isDisposed)
            {
                _isDisposed = true;
                left = _items;
                _items = new ItemQueue<T>(_capacity);
            }

            Settle(ref served);
        }

        while (refused.TryPop(out Waiter<Permit<T>>? waiter))
        {
            waiter.Fail(ClosedError());
        }

        while (refusedCases.TryPop(out Waiter<Nothing>? branch))
        {
            branch.Fail(ClosedError());
        }

        Finish(ref served);
        if (left.Count > 0 && _onUndelivered is not null)
        {
            Undeliver(left);
        }
    }

    private void Undeliver(ItemQueue<T> left)
    {
        var items = new List<T>(left.Count);
        while (left.Count > 0)
        {
            items.Add(left.Dequeue());
        }

        Undeliver(items);
    }

    /// <summary>Offers each, and then throws what was thrown.</summary>
    private void Undeliver(List<T>? items)
    {
        if (items is null || _onUndelivered is null)
        {
            return;
        }

        List<Exception>? errors = null;
        foreach (T item in items)
        {
            try
            {
                _onUndelivered(item);
            }
            catch (Exception e)
            {
                (errors ??= []).Add(e);
            }
        }

        if (errors is not null)
        {
            throw new AggregateException($"onUndelivered of {Name} threw for {errors.Count} of {items.Count} items.", errors);
        }
    }

    // What follows runs under the gate.

    /// <summary>Sends if that needs no waiting. The receiver, if there is one, is claimed: outside the gate it gets the item.</summary>
    private SendResult Put(T item, out Waiter<T>? receiver, out T? displaced, out bool displaces)
    {
        displaced = default;
        displaces = false;
        receiver = null;
        if (_isQuiet && _free > 0)
        {
            if (_receivers.IsEmpty || !_receivers.TryPopClaimed(out receiver))
            {
                _free--;
                _items.Enqueue(item);
            }

            return SendResult.Sent;
        }

        return PutWhereNoPlaceIsFree(item, out displaced, out displaces);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private SendResult PutWhereNoPlaceIsFree(T item, out T? displaced, out bool displaces)
    {
        displaced = default;
        displaces = false;
        if (TakesNothing)
        {
            return SendResult.Closed;
        }

        switch (_whenFull)
        {
            case FullMode.DropOldest when _items.Count > 0:
                displaced = _items.Dequeue();
                displaces = true;
                _items.Enqueue(item);
                return SendResult.Sent;
            case FullMode.DropOldest or FullMode.DropNewest:
                return SendResult.Dropped;
            default:
                return SendResult.Full;
        }
    }

    /// <summary>Gives an item for which there is a place to a receiver, or to the queue.</summary>
    private void PutOne(T item, ref MpscServed<T> served)
    {
        if (_receivers.TryPopClaimed(out Waiter<T>? receiver))
        {
            receiver.Value = item;
            served.Receivers.Add(receiver);
        }
        else
        {
            _free--;
            _items.Enqueue(item);
        }
    }

    private void PutAll(ReadOnlySpan<T> items, ref MpscServed<T> served)
    {
        foreach (T item in items)
        {
            PutOne(item, ref served);
        }
    }

    private List<T> PutOrDropAll(ReadOnlySpan<T> items, ref MpscServed<T> served)
    {
        var dropped = new List<T>();
        foreach (T item in items)
        {
            SendResult result = Put(item, out Waiter<T>? receiver, out T? displaced, out bool displaces);
            if (receiver is not null)
            {
                receiver.Value = item;
                served.Receivers.Add(receiver);
            }

            if (displaces)
            {
                dropped.Add(displaced!);
            }
            else if (result == SendResult.Dropped)
            {
                dropped.Add(item);
            }
        }

        return dropped;
    }

    /// <summary>Takes the oldest item and gives its place to the first in line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T Take(ref MpscServed<T> served)
    {
        T item = _items.Dequeue();
        _free++;
        if (!_isQuiet)
        {
            Settle(ref served);
        }

        return item;
    }

    private Permit<T> Grant()
    {
        _free--;
        long number = ++_lastNumber;
        (_permits ??= []).Add(number);
        return new Permit<T>(this, number);
    }

    private void JoinLine(Waiter<Permit<T>> waiter)
    {
        _isQuiet = false;
        waiter.Value = Permit<T>.Wanted(this, ++_lastNumber);
        _line.Add(waiter);
    }

    /// <summary>Gives free places to those in line, in the order they came; tells the receivers if that was all.</summary>
    private void Settle(ref MpscServed<T> served)
    {
        while (_free > 0)
        {
            Waiter<Permit<T>>? sender = _line.First;
            if (_cases.First is { } branch
                && (sender is null || ((MpscSendCase<T>)branch.WaitingFor!).Number < sender.Value.Number))
            {
                var offer = (MpscSendCase<T>)branch.WaitingFor!;
                _cases.Remove(branch);
                if (branch.TryClaim())
                {
                    served.Cases.Add(branch);
                    PutOne(offer.Item, ref served);
                }

                continue;
            }

            if (sender is null || sender.Value.Places > _free)
            {
                break;
            }

            _line.Remove(sender);
            if (sender.TryClaim())
            {
                served.Senders.Add(sender);
                Permit<T> wanted = sender.Value;
                sender.Value = default;
                if (wanted.IsReservation)
                {
                    sender.Value = Grant();
                }
                else if (wanted.Batch is { } batch)
                {
                    PutAll(batch, ref served);
                }
                else
                {
                    PutOne(wanted.Item, ref served);
                }
            }
        }

        _isQuiet = !TakesNothing && IsLineEmpty;
        if (IsOver)
        {
            served.IsOver = true;
            while (_receivers.TryPopClaimed(out Waiter<T>? receiver))
            {
                served.Ended.Add(receiver);
            }
        }
    }

    // What follows runs outside the gate.

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Finish(ref MpscServed<T> served)
    {
        if (!served.IsEmpty)
        {
            Complete(ref served);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Complete(ref MpscServed<T> served)
    {
        while (served.Receivers.TryPop(out Waiter<T>? receiver))
        {
            receiver.Complete();
        }

        while (served.Senders.TryPop(out Waiter<Permit<T>>? sender))
        {
            sender.Complete();
        }

        while (served.Cases.TryPop(out Waiter<Nothing>? branch))
        {
            branch.Complete(default);
        }

        while (served.Ended.TryPop(out Waiter<T>? receiver))
        {
            if (_error is null && receiver.WaitingFor is ReceiveStep<T> step)
            {
                step.End(receiver);
            }
            else
            {
                receiver.Fail(receiver.WaitingFor is ReceiveStep<T> ? _error! : OverError());
            }
        }

        if (served.IsOver && _whenOver is not null)
        {
            TellOver();
        }
    }

    private void TellOver()
    {
        if (_error is null)
        {
            _whenOver!.TrySetResult();
        }
        else
        {
            // Whoever receives gets it. Nobody need look at the task besides, and then it is not to be called unobserved.
            _whenOver!.TrySetException(_error);
            _ = _whenOver.Task.Exception;
        }
    }
}
