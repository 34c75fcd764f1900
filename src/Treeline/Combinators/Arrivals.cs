using System.Diagnostics.CodeAnalysis;

namespace Treeline;

/// <summary>A queue from many to one: things in the order in which they happened. Combinators learn from it what ended first.</summary>
/// <remarks>
/// <b>Protocol.</b> Anybody posts, one takes. <c>_gate</c> owns the queue. A post enqueues and then sets the signal; the
/// taker, having found nothing, resets the signal, looks again, and only then waits. So whatever is enqueued after that
/// look sets a signal that has been reset before: no post is missed.
/// </remarks>
/// <param name="name">What people see it called who look at what is waited for.</param>
internal sealed class Arrivals<T>(string name)
{
    private readonly Queue<T> _queue = new();
    private readonly ManualResetSignal _signal = new(name);
    private Gate _gate;

    /// <summary>Adds something. Never waits, and runs nobody's code.</summary>
    public void Post(T item)
    {
        using (_gate.Enter())
        {
            _queue.Enqueue(item);
        }

        _signal.Set();
    }

    /// <summary>Posts <paramref name="item"/> when the child ends, in whatever way, also if it has ended or never starts.</summary>
    public void PostAtEndOf(ChildTask child, T item) => PostMadeAtEndOf(child, () => item);

    /// <summary>As the other, with something that is made then.</summary>
    public void PostMadeAtEndOf(ChildTask child, Func<T> make)
    {
        var post = new PostWhenRun(this, make);
        if (!child.TryJoin(post))
        {
            post.Execute();
        }
    }

    /// <summary>Takes what came first.</summary>
    public bool TryTake([MaybeNullWhen(false)] out T item)
    {
        using (_gate.Enter())
        {
            return _queue.TryDequeue(out item);
        }
    }

    /// <summary>For fibers: waits until there may be something to take. Cancellation: whoever posts is who ends it.</summary>
    public WaitAwaitable<Nothing> Wait() => MustWait() ? _signal.Wait() : new WaitAwaitable<Nothing>(default(Nothing));

    /// <summary>As <see cref="Wait"/>, for plain code.</summary>
    public ValueTask WaitAsync() => MustWait() ? _signal.WaitAsync() : ValueTask.CompletedTask;

    private bool MustWait()
    {
        _signal.Reset();
        using (_gate.Enter())
        {
            return _queue.Count == 0;
        }
    }

    /// <summary>What a child that ends hands on. It only posts.</summary>
    private sealed class PostWhenRun(Arrivals<T> arrivals, Func<T> make) : IThreadPoolWorkItem
    {
        public void Execute() => arrivals.Post(make());
    }
}
