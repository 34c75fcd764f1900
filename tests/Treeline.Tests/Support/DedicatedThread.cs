using System.Collections.Concurrent;

namespace Treeline.Tests;

/// <summary>An executor with one thread of its own, which runs work items in the order they came.</summary>
public sealed class DedicatedThread : Executor, IDisposable
{
    private readonly BlockingCollection<IThreadPoolWorkItem> _queue = [];
    private readonly Thread _thread;

    public DedicatedThread()
    {
        _thread = new Thread(() =>
        {
            foreach (IThreadPoolWorkItem work in _queue.GetConsumingEnumerable())
            {
                work.Execute();
            }
        })
        {
            IsBackground = true,
        };
        _thread.UnsafeStart();
    }

    public bool IsCurrent => Thread.CurrentThread == _thread;

    public override void Schedule(IThreadPoolWorkItem work) => _queue.Add(work);

    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
    }
}
