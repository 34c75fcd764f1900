using System.Collections.Concurrent;

namespace Treeline.Tests;

/// <summary>A thread with a synchronization context of its own, as that of a user interface.</summary>
public sealed class UserInterface : SynchronizationContext, IDisposable
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _queue = [];
    private readonly Thread _thread;

    public UserInterface()
    {
        _thread = new Thread(() =>
        {
            SetSynchronizationContext(this);
            foreach ((SendOrPostCallback callback, object? state) in _queue.GetConsumingEnumerable())
            {
                callback(state);
            }
        })
        {
            IsBackground = true,
        };
        _thread.UnsafeStart();
    }

    public bool IsCurrent => Thread.CurrentThread == _thread && Current == this;

    public override void Post(SendOrPostCallback d, object? state) => _queue.Add((d, state));

    /// <summary>Starts <paramref name="work"/> on the thread; what it awaits brings it back there.</summary>
    public Task InvokeAsync(Func<Task> work)
    {
        var ended = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(_ => ended.SetResult(work()), null);
        return ended.Task.Unwrap();
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
    }
}
