namespace Treeline;

/// <summary>
/// A place in a <see cref="TimerWheel"/>, of whoever derives from it: one timer, set and taken away again any number of
/// times. The fields belong to the gate of the shard it is set in.
/// </summary>
internal abstract class WheelTimer
{
    private const int Nowhere = -1;

    private int _slot = Nowhere;

    /// <summary>The neighbours in the slot: a ring.</summary>
    public WheelTimer? Next { get; set; }

    /// <inheritdoc cref="Next"/>
    public WheelTimer? Previous { get; set; }

    /// <summary>When it is due, in ticks of the wheel.</summary>
    public long Tick { get; set; }

    /// <summary>The slot of the wheel it is in. Written last when it leaves: from then on the wheel does not know it.</summary>
    public int Slot
    {
        get => _slot;
        set
        {
            Interleave.Write(this, nameof(Slot));
            Volatile.Write(ref _slot, value);
        }
    }

    /// <summary>
    /// Whether it is in a wheel. Asked without the gate, false stays false unless the asker himself sets it; true may be over.
    /// </summary>
    public bool IsSet
    {
        get
        {
            Interleave.Read(this, nameof(Slot));
            return Volatile.Read(ref _slot) != Nowhere;
        }
    }

    /// <summary>It leaves its slot.</summary>
    public void Leave()
    {
        Next = Previous = null;
        Slot = Nowhere;
    }

    /// <summary>
    /// Its time had come when it was taken out of the wheel. Called with no gate held, perhaps long after: it may have been
    /// taken away or set again meanwhile. So it is only a hint.
    /// </summary>
    public abstract void OnDue();
}
