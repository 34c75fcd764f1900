namespace Treeline.Testing;

/// <summary>
/// The threads that run code in a certain execution context: work that was started there and has not ended, on the thread
/// pool or on threads of its own.
/// </summary>
/// <remarks>
/// The means is an <see cref="AsyncLocal{T}"/>, which says when a thread begins and ceases to run such code. The gate owns
/// the list.
/// </remarks>
internal sealed class ContextThreads
{
    private static readonly AsyncLocal<ContextThreads?> s_current = new(static change =>
    {
        change.PreviousValue?.Leave();
        change.CurrentValue?.Enter();
    });

    private readonly Lock _gate = new();
    private readonly List<Thread> _threads = [];
    private int _entered;

    public static ContextThreads? Current
    {
        get => s_current.Value;
        set => s_current.Value = value;
    }

    /// <summary>How often a thread has begun to run such code.</summary>
    public int Entered => Volatile.Read(ref _entered);

    /// <summary>The threads that run such code now.</summary>
    public Thread[] Running
    {
        get
        {
            lock (_gate)
            {
                return [.. _threads];
            }
        }
    }

    private void Enter()
    {
        lock (_gate)
        {
            _entered++;
            _threads.Add(Thread.CurrentThread);
        }
    }

    private void Leave()
    {
        lock (_gate)
        {
            _threads.Remove(Thread.CurrentThread);
        }
    }
}
