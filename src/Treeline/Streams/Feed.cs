using System.Diagnostics;

namespace Treeline;

/// <summary>
/// What stands between somebody who reads a stream ahead and the one consumer of its items: a ring of bounded size.
/// Who puts waits while it is full; who takes waits until there are enough, or no more will come.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. One puts and one takes. Nothing is handed over by a wake-up: who is
/// woken looks again, so a wait that gives up has taken nothing. The ring grows with what is in it, up to the capacity.
/// As a work item it is what the end of the child that reads hands on: it only says that no more will come.
/// </remarks>
/// <typeparam name="T">The type of the items.</typeparam>
/// <param name="capacity">How many items it holds at most.</param>
/// <param name="overwrites">When it is full, an item takes the place of the newest, instead of waiting.</param>
/// <param name="name">What people see it called who look at what is waited for.</param>
internal sealed class Feed<T>(int capacity, bool overwrites = false, string name = "the next item of the stream")
    : IWaitQueue, IThreadPoolWorkItem
{
    private Gate _gate;
    private T[] _ring = new T[Math.Min(capacity, 16)];
    private int _first;
    private int _count;
    private bool _ended;
    private bool _closed;
    private WaiterList<bool> _takers;
    private int _wanted;
    private Room? _room;
    private WaiterList<Nothing> _putters;

    /// <summary>How many items are in it.</summary>
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

    /// <summary>True if no more will come; there may still be items in it.</summary>
    public bool HasEnded
    {
        get
        {
            using (_gate.Enter())
            {
                return _ended;
            }
        }
    }

    /// <summary>Puts an item in. False if it is full; <see cref="WaitForRoom"/> then. What is put into a closed one is dropped.</summary>
    public bool TryPut(T item)
    {
        Waiter<bool>? taker = null;
        using (_gate.Enter())
        {
            if (_closed)
            {
                return true;
            }

            if (_count == capacity)
            {
                if (overwrites)
                {
                    _ring[Index(_count - 1)] = item;
                }

                return overwrites;
            }

            if (_count == _ring.Length)
            {
                Grow();
            }

            _ring[Index(_count++)] = item;
            if (_count >= _wanted)
            {
                _takers.TryPopClaimed(out taker);
            }
        }

        taker?.Complete(true);
        return true;
    }

    /// <summary>Waits until there may be room for an item. Cancellation: takes nothing.</summary>
    public WaitAwaitable<Nothing> WaitForRoom(CancellationToken cancellationToken)
    {
        Waiter<Nothing> waiter;
        using (_gate.Enter())
        {
            if (_closed || _count < capacity)
            {
                return new WaitAwaitable<Nothing>(default(Nothing));
            }

            waiter = Waiter<Nothing>.Rent(_room ??= new Room(this), cancellationToken);
            _putters.Add(waiter);
        }

        return waiter.AsAwaitable();
    }

    /// <summary>
    /// Waits until there is an item, or none will come: true or false.
    /// Cancellation: takes nothing.
    /// </summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken = default) =>
        WaitAsync(1, System.Threading.Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);

    /// <summary>
    /// Waits until there are so many items, or no more will come, or the time has passed. Whoever waits looks what is there then.
    /// </summary>
    public ValueTask<bool> WaitAsync(int items, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(cancellationToken);
        }

        Waiter<bool>? waiter = null;
        bool any;
        using (_gate.Enter())
        {
            any = _count > 0;
            if (_count < items && !_ended)
            {
                _wanted = items;
                waiter = Waiter<bool>.Rent(this, cancellationToken);
                waiter.LimitTo(clock, limit, throws: false);
                _takers.Add(waiter);
            }
        }

        return waiter is null ? Waiter<bool>.Over(any) : waiter.AsValueTask();
    }

    /// <summary>The item that comes next. There is one.</summary>
    public T Peek()
    {
        using (_gate.Enter())
        {
            Debug.Assert(_count > 0, "The one who takes has seen an item.");
            return _ring[_first];
        }
    }

    /// <summary>Takes the next item. There is one.</summary>
    public T Take()
    {
        T item;
        Waiter<Nothing>? putter;
        using (_gate.Enter())
        {
            Debug.Assert(_count > 0, "The one who takes has seen an item.");
            ref T place = ref _ring[_first];
            item = place;
            place = default!;
            _first = Index(1);
            _count--;
            _putters.TryPopClaimed(out putter);
        }

        putter?.Complete(default);
        return item;
    }

    /// <summary>No more will come.</summary>
    public void End()
    {
        Waiter<bool>? taker;
        bool any;
        using (_gate.Enter())
        {
            _ended = true;
            any = _count > 0;
            _takers.TryPopClaimed(out taker);
        }

        taker?.Complete(any);
    }

    /// <summary>Nobody will take any more: what is in it goes, and who puts is not held up.</summary>
    public void Close()
    {
        Waiter<Nothing>? putter;
        using (_gate.Enter())
        {
            _closed = true;
            _count = 0;
            _ring = [];
            _putters.TryPopClaimed(out putter);
        }

        putter?.Complete(default);
    }

    public override string ToString() => name;

    void IThreadPoolWorkItem.Execute() => End();

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _takers.Remove((Waiter<bool>)waiter);
        }
    }

    private int Index(int number)
    {
        int index = _first + number;
        return index < _ring.Length ? index : index - _ring.Length;
    }

    private void Grow()
    {
        var larger = new T[Math.Min(capacity, _ring.Length * 2)];
        Array.Copy(_ring, _first, larger, 0, _ring.Length - _first);
        Array.Copy(_ring, 0, larger, _ring.Length - _first, _first);
        _ring = larger;
        _first = 0;
    }

    /// <summary>What who puts waits for.</summary>
    private sealed class Room(Feed<T> feed) : IWaitQueue
    {
        public override string ToString() => "the consumer of the stream";

        void IWaitQueue.Remove(WaiterBase waiter)
        {
            using (feed._gate.Enter())
            {
                feed._putters.Remove((Waiter<Nothing>)waiter);
            }
        }
    }
}
