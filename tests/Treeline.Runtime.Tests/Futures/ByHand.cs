using Treeline.Futures;

namespace Treeline.Tests.Futures;

/// <summary>A future that ends when a test says so, and notes what is done with it.</summary>
internal sealed class ByHand<T>(string name = "by hand") : IFuture<T>, IDisposable
{
    private readonly Lock _gate = new();
    private Poll<T> _result;
    private Exception? _error;
    private Waker _waker;
    private int _begun;
    private int _polls;
    private int _drops;

    /// <summary>How many polls have looked, and kept their waker.</summary>
    public int Polls => Volatile.Read(ref _polls);

    public int Drops => Volatile.Read(ref _drops);

    /// <summary>Called in each poll, with its number, before it looks.</summary>
    public Action<int>? OnPoll { get; init; }

    public Action? OnDrop { get; init; }

    /// <summary>The waker of the last poll that was pending.</summary>
    public Waker Waker
    {
        get
        {
            lock (_gate)
            {
                return _waker;
            }
        }
    }

    public Poll<T> Poll(ref Context context)
    {
        OnPoll?.Invoke(Interlocked.Increment(ref _begun));
        lock (_gate)
        {
            Assert.Equal(0, Drops);
            if (_result.IsPending && _error is null)
            {
                _waker = context.Waker;
            }

            Volatile.Write(ref _polls, _polls + 1);
            return _error is null ? _result : throw _error;
        }
    }

    public void Complete(T value) => End(value, null);

    public void Fail(Exception error) => End(default, error);

    public void Dispose()
    {
        Interlocked.Increment(ref _drops);
        OnDrop?.Invoke();
    }

    public override string ToString() => name;

    private void End(Poll<T> result, Exception? error)
    {
        Waker waker;
        lock (_gate)
        {
            _result = result;
            _error = error;
            waker = _waker;
        }

        waker.Wake();
    }
}
