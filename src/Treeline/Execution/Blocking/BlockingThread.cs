namespace Treeline;

/// <summary>A thread of a <see cref="BlockingPool"/>.</summary>
/// <param name="pool">The pool.</param>
/// <param name="number">Which one it is; part of the thread's name.</param>
/// <param name="first">What it runs first.</param>
internal sealed class BlockingThread(BlockingPool pool, int number, IThreadPoolWorkItem first)
{
    /// <summary>Set after <see cref="Work"/> was given to it.</summary>
    public AutoResetEvent WakeUp { get; } = new(false);

    /// <summary>What it has been given while idle. Written before <see cref="WakeUp"/> is set, read after.</summary>
    public IThreadPoolWorkItem? Work { get; set; }

    /// <summary>Its pool has been closed, and does not count it any more. Its own.</summary>
    public bool Ends { get; set; }

    public void Start() =>
        new Thread(Run) { IsBackground = true, Name = $"Treeline blocking {number}" }.UnsafeStart();

    private void Run()
    {
        for (IThreadPoolWorkItem? work = first; work is not null;)
        {
            work.Execute();
            work = pool.Next(this) ?? pool.Await(this);
        }

        WakeUp.Dispose();
    }
}
