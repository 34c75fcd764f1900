using System.Threading.Channels;

namespace Treeline;

/// <summary>
/// One stream of items that every reader sees for itself: a ring of the last items, numbered, and readers that each know the
/// number they want next. <see cref="Broadcast"/> and <see cref="Watch"/> are made of it.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>, that of the <see cref="FanOutReader{T}">readers</see> included. A reader
/// waits only while it has seen everything and the source is open; it is in <c>_waiting</c> exactly while waiters stand in
/// its list. An item is stored, and each reader who waits gets it or finds it, inside one holding of the gate; waiters are
/// completed outside.
/// </remarks>
internal sealed class FanOut<T>(int capacity, bool skipsQuietly, string what, string? name)
{
    private readonly T[] _ring = new T[capacity];
    private readonly List<FanOutReader<T>> _waiting = [];
    private Gate _gate;
    private long _next;
    private int _readers;
    private bool _isCompleted;
    private Exception? _error;

    /// <summary>How it is called.</summary>
    public string Name => name is null ? $"a {what} of {typeof(T).Name}" : $"{what} '{name}'";

    /// <summary>How many read.</summary>
    public int Readers
    {
        get
        {
            using (_gate.Enter())
            {
                return _readers;
            }
        }
    }

    /// <summary>The newest item. There has been one.</summary>
    public T Latest
    {
        get
        {
            using (_gate.Enter())
            {
                return _ring[(_next - 1) % _ring.Length];
            }
        }
    }

    /// <summary>A reader of what comes from now on.</summary>
    public FanOutReader<T> Subscribe()
    {
        using (_gate.Enter())
        {
            _readers++;
            return new FanOutReader<T>(this, _next);
        }
    }

    /// <summary>Stores an item and gives it to those who wait. The number of readers; -1 if it takes nothing more.</summary>
    public int Send(T item)
    {
        var served = default(WaiterList<T>);
        int readers;
        using (_gate.Enter())
        {
            if (_isCompleted)
            {
                return -1;
            }

            readers = _readers;
            _ring[_next++ % _ring.Length] = item;
            int left = 0;
            for (int i = 0; i < _waiting.Count; i++)
            {
                FanOutReader<T> reader = _waiting[i];
                if (reader.Waiters.TryPopClaimed(out Waiter<T>? waiter))
                {
                    reader.Position = _next;
                    served.Add(waiter);
                }

                // Others may want what comes next.
                if (!reader.Waiters.IsEmpty)
                {
                    _waiting[left++] = reader;
                }
            }

            _waiting.RemoveRange(left, _waiting.Count - left);
        }

        while (served.TryPop(out Waiter<T>? waiter))
        {
            waiter.Complete(item);
        }

        return readers;
    }

    /// <summary>Takes no more items. False if that is so already.</summary>
    public bool Complete(Exception? error)
    {
        var ended = default(WaiterList<T>);
        using (_gate.Enter())
        {
            if (_isCompleted)
            {
                return false;
            }

            _isCompleted = true;
            _error = error;
            foreach (FanOutReader<T> reader in _waiting)
            {
                while (reader.Waiters.TryPopClaimed(out Waiter<T>? waiter))
                {
                    ended.Add(waiter);
                }
            }

            _waiting.Clear();
        }

        End(ref ended);
        return true;
    }

    /// <summary>A reader goes.</summary>
    public void Unsubscribe(FanOutReader<T> reader)
    {
        var ended = default(WaiterList<T>);
        using (_gate.Enter())
        {
            reader.IsGone = true;
            _readers--;
            _waiting.Remove(reader);
            while (reader.Waiters.TryPopClaimed(out Waiter<T>? waiter))
            {
                ended.Add(waiter);
            }
        }

        while (ended.TryPop(out Waiter<T>? waiter))
        {
            waiter.Fail(GoneError());
        }
    }

    /// <inheritdoc cref="IItemSource{T}.Receive"/>
    public bool Receive(
        FanOutReader<T> reader,
        IWaitQueue? queue,
        CancellationToken cancellationToken,
        out T item,
        out Waiter<T>? waiter,
        out Exception? error)
    {
        long missed;
        using (_gate.Enter())
        {
            if (TryTake(reader, out item, out missed))
            {
                waiter = null;
                error = null;
                return true;
            }

            bool waits = queue is not null && missed == 0 && !_isCompleted && !reader.IsGone;
            waiter = waits ? Waiter<T>.Rent(queue, cancellationToken) : null;
            error = _error;
            if (waiter is not null)
            {
                Enlist(reader, waiter);
            }
        }

        if (missed > 0)
        {
            error = new LaggedException(Name, missed);
        }

        return false;
    }

    /// <summary>As <see cref="Receive"/>, for a branch of a select.</summary>
    public void Enter(FanOutReader<T> reader, Waiter<T> branch)
    {
        T item;
        long missed;
        bool taken;
        using (_gate.Enter())
        {
            if (reader.Position == _next && !_isCompleted && !reader.IsGone)
            {
                Enlist(reader, branch);
                return;
            }

            if (!branch.TryClaim())
            {
                return;
            }

            taken = TryTake(reader, out item, out missed);
        }

        if (taken)
        {
            branch.Complete(item);
        }
        else
        {
            branch.Fail(missed > 0 ? new LaggedException(Name, missed) : OverError());
        }
    }

    /// <summary>Whether there is something for the reader now.</summary>
    public bool HasNext(FanOutReader<T> reader)
    {
        using (_gate.Enter())
        {
            return reader.Position < _next;
        }
    }

    /// <summary>One who waits gave up.</summary>
    public void Remove(FanOutReader<T> reader, WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            reader.Waiters.Remove((Waiter<T>)waiter);
            if (reader.Waiters.IsEmpty)
            {
                _waiting.Remove(reader);
            }
        }
    }

    /// <summary>Why nothing can be received any more.</summary>
    public ChannelClosedException OverError() => new($"Nothing more comes from {Name}: it has been completed.", _error);

    private ChannelClosedException GoneError() => new($"This receiver of {Name} has been disposed.", innerException: null);

    private void End(ref WaiterList<T> ended)
    {
        while (ended.TryPop(out Waiter<T>? waiter))
        {
            if (waiter.WaitingFor is not ReceiveStep<T> step)
            {
                waiter.Fail(OverError());
            }
            else if (_error is null)
            {
                step.End(waiter);
            }
            else
            {
                waiter.Fail(_error);
            }
        }
    }

    // What follows runs under the gate.

    private bool TryTake(FanOutReader<T> reader, out T item, out long missed)
    {
        item = default!;
        missed = Math.Max(0, _next - _ring.Length - reader.Position);
        reader.Position += missed;
        if (skipsQuietly)
        {
            missed = 0;
        }

        if (missed > 0 || reader.Position == _next)
        {
            return false;
        }

        item = _ring[reader.Position++ % _ring.Length];
        return true;
    }

    private void Enlist(FanOutReader<T> reader, Waiter<T> waiter)
    {
        if (reader.Waiters.IsEmpty)
        {
            _waiting.Add(reader);
        }

        reader.Waiters.Add(waiter);
    }
}
