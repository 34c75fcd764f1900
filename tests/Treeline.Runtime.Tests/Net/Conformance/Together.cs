namespace Treeline.Tests.Net.Conformance;

/// <summary>Does something on another thread at about the same time, round after round.</summary>
internal sealed class Together : IDisposable
{
    private readonly SemaphoreSlim _begun = new(0);
    private readonly SemaphoreSlim _ended = new(0);
    private readonly Thread _thread;
    private Action? _work;
    private int _pause;

    public Together()
    {
        _thread = new Thread(() =>
        {
            while (true)
            {
                _begun.Wait();
                if (_work is null)
                {
                    return;
                }

                Thread.SpinWait(_pause);
                _work();
                _ended.Release();
            }
        })
        {
            IsBackground = true,
        };
        _thread.UnsafeStart();
    }

    /// <summary>Begins a round: the other thread pauses for some turns, then does its work.</summary>
    public void Begin(Action work, int pause)
    {
        _work = work;
        _pause = pause;
        _begun.Release();
    }

    /// <summary>Waits until the work of the round is done.</summary>
    public void End() => _ended.Wait();

    public void Dispose()
    {
        _work = null;
        _begun.Release();
        _thread.Join();
        _begun.Dispose();
        _ended.Dispose();
    }
}
