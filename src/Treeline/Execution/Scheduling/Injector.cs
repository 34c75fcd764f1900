namespace Treeline;

/// <summary>The queue for work that comes from threads which are no workers. First in, first out; it grows when full.</summary>
/// <remarks>
/// <b>Protocol.</b> Everything is under the gate. <c>_count</c> is also read without it, to see that there is nothing: a
/// worker that is about to park looks at it after a full fence, which pairs with the fence between putting in and looking
/// for somebody to wake (see <see cref="IdleWorkers"/>). Once closed, which happens only when empty, it stays empty.
/// </remarks>
internal sealed class Injector
{
    private const int MostAtOnce = 128;

    private Gate _gate;
    private Slot[] _ring = new Slot[64];
    private int _first;
    private int _count;
    private bool _closed;

    public int Count => Volatile.Read(ref _count);

    public bool HasWork => Volatile.Read(ref _count) != 0;

    /// <summary>Puts <paramref name="item"/> in. False: closed.</summary>
    public bool TryPush(IThreadPoolWorkItem item)
    {
        using (_gate.Enter())
        {
            if (_closed)
            {
                return false;
            }

            if (_count == _ring.Length)
            {
                Grow();
            }

            _ring[(_first + _count) & (_ring.Length - 1)].Item = item;
            Volatile.Write(ref _count, _count + 1);
            return true;
        }
    }

    /// <summary>
    /// Takes a fair share, a <paramref name="workers"/>th of what there is: returns the first and puts the rest at the tail
    /// of <paramref name="into"/>, whose owner calls. Null: nothing there.
    /// </summary>
    public IThreadPoolWorkItem? Take(WorkQueue into, int workers)
    {
        if (!HasWork)
        {
            return null;
        }

        using (_gate.Enter())
        {
            if (_count == 0)
            {
                return null;
            }

            int share = Math.Min((_count / workers) + 1, Math.Min(_count, MostAtOnce));
            IThreadPoolWorkItem first = RemoveFirst();
            for (int i = 1; i < share; i++)
            {
                into.Push(RemoveFirst());
            }

            Volatile.Write(ref _count, _count - share);
            return first;
        }
    }

    /// <summary>Takes no more from now on, if there is nothing in it. True: closed, now or before.</summary>
    public bool TryClose()
    {
        using (_gate.Enter())
        {
            return _closed |= _count == 0;
        }
    }

    private IThreadPoolWorkItem RemoveFirst()
    {
        ref Slot slot = ref _ring[_first];
        IThreadPoolWorkItem item = slot.Item!;
        slot.Item = null;
        _first = (_first + 1) & (_ring.Length - 1);
        return item;
    }

    private void Grow()
    {
        var ring = new Slot[_ring.Length * 2];
        for (int i = 0; i < _count; i++)
        {
            ring[i] = _ring[(_first + i) & (_ring.Length - 1)];
        }

        _ring = ring;
        _first = 0;
    }
}
