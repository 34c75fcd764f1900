namespace Treeline;

/// <summary>
/// A place where children of a scope run. The default is the .NET thread pool; a program can bring its own, for example
/// one thread that owns a device.
/// </summary>
/// <remarks>
/// An executor decides where a child starts. Where it goes on after an <c>await</c> is decided as everywhere in .NET:
/// by the synchronization context that was current there, or else by the thread pool.
/// </remarks>
public abstract class Executor
{
    /// <summary>The .NET thread pool.</summary>
    public static Executor ThreadPool { get; } = new ThreadPoolExecutor();

    /// <summary>
    /// Runs <see cref="IThreadPoolWorkItem.Execute"/> of <paramref name="work"/> once, soon, and not on the caller's stack.
    /// Called from any thread.
    /// </summary>
    /// <param name="work">What to run. It does not throw.</param>
    public abstract void Schedule(IThreadPoolWorkItem work);
}
