namespace Treeline.Interleaving.Waiting;

/// <summary>What an awaiter gets resumed by: counts that it is once.</summary>
internal sealed class Resumption(string name) : Executor, IThreadPoolWorkItem
{
    private IThreadPoolWorkItem? _work;
    private int _count;

    public override void Schedule(IThreadPoolWorkItem work)
    {
        Interleave.Write(this, "count");
        _work = work;
        if (++_count > 1)
        {
            Exploration.Fail($"{this} comes twice.");
        }
    }

    /// <summary>Awaits as a fiber does.</summary>
    public T Await<T>(WaitAwaitable<T> wait)
    {
        if (!wait.IsCompleted)
        {
            ((IWorkItemAwaiter)wait).OnCompleted(this, this);
            Interleave.Until(this, "count", () => _count > 0);
            Assert.Same(this, _work);
        }

        return wait.GetResult();
    }

    /// <summary>Awaits as an async method does, or, if its context is to flow, as somebody does who registers by hand.</summary>
    public T Await<T>(ValueTask<T> wait, bool flow = false)
    {
        var awaiter = wait.ConfigureAwait(false).GetAwaiter();
        if (!awaiter.IsCompleted)
        {
            int continued = 0;
            if (flow)
            {
                awaiter.OnCompleted(() => continued++);
            }
            else
            {
                awaiter.UnsafeOnCompleted(() => continued++);
            }

            Interleave.Until(this, "count", () => _count > 0);
            Assert.Equal(0, continued);
            _work!.Execute();
            Assert.Equal(1, continued);
        }

        return awaiter.GetResult();
    }

    public void Execute() => throw new InvalidOperationException("An actor goes on by itself.");

    public override string ToString() => $"the resumption of {name}";
}
