using Treeline.Net;

namespace Treeline.Drivers;

/// <summary>
/// What a worker that has nothing to do waits in: the place where a runtime hears of the world outside, sockets first of all.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> One thread at a time calls <see cref="Wait"/> and <see cref="Dispatch"/>, in this order: the one that holds
/// the driver's seat , which hands memory from one to the next. <see cref="Wake"/> and
/// <see cref="Network"/> are for any thread at any time. Waiting and dispatching are two steps because a thread waits without a
/// worker, and dispatches with one: then what is woken goes to the queue of that worker, to run after the whole batch.
/// </remarks>
internal abstract class Driver : IDisposable
{
    /// <summary>What it is called: <c>epoll</c>, <c>io_uring</c>, <c>portable</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Why it is this one, if one would expect another; null: it is the one.</summary>
    public string? Note { get; init; }

    /// <summary>Where code goes on that waited for its sockets. Set once, before the first of them.</summary>
    public Executor Executor { get; set; } = Executor.ThreadPool;

    /// <summary>The sockets that it drives.</summary>
    public abstract Network Network { get; }

    /// <summary>
    /// The calling thread is the one that is going to wait, now and until the driver is disposed. Only called where there is such a
    /// thread: on a runtime with a thread to a core.
    /// </summary>
    public virtual void Attach()
    {
    }

    /// <summary>The thread that has attached itself ends: what only it can do is done now.</summary>
    public virtual void Detach()
    {
    }

    /// <summary>
    /// Waits until there is something to dispatch, <see cref="Wake"/> has been called since the last wait began, or the time is
    /// over. May return early.
    /// </summary>
    /// <param name="milliseconds">How long at most; 0 only looks, -1 waits for ever.</param>
    /// <returns>Whether there is something to dispatch.</returns>
    public abstract bool Wait(int milliseconds);

    /// <summary>
    /// Ends the waits of what the last <see cref="Wait"/> has seen. Their continuations are scheduled, none runs here.
    /// </summary>
    public abstract void Dispatch();

    /// <summary>Makes a wait that is going on, or else the next one, return. Any thread.</summary>
    public abstract void Wake();

    /// <summary>
    /// Closes what is still open: operations in flight end with <see cref="ObjectDisposedException"/>. Called when no thread waits any
    /// more.
    /// </summary>
    public abstract void Dispose();
}
