namespace Treeline.Futures;

/// <summary>A thread that polls a future and blocks in between.</summary>
/// <remarks>
/// <b>Protocol.</b> The lock on the object owns <c>_isWoken</c>: set by wakers and by the cancellation, taken back by the thread before it
/// polls. So a wake-up during a poll makes the next wait end at once. One object for each future that is blocked on: late wakers
/// wake nobody.
/// </remarks>
internal sealed class ParkedThread : IWakeable
{
    private bool _isWoken;

    private ParkedThread()
    {
    }

    /// <summary>See <see cref="Future{TFuture, T}.BlockOn"/>.</summary>
    public static T Run<TFuture, T>(TFuture future, CancellationToken cancellationToken)
        where TFuture : IFuture<T>
    {
        try
        {
            if (WorkerThread.Current.Worker is not null)
            {
                throw new InvalidOperationException(
                    $"BlockOn('{future}') was called by work that runs on a worker of Treeline's. It would block the worker, and may wait for "
                    + "what only that worker can run. Await the future, or block in the work of SpawnBlocking.");
            }

            cancellationToken.ThrowIfCancellationRequested();
            var thread = new ParkedThread();
            using CancellationTokenRegistration registration =
                cancellationToken.UnsafeRegister(static thread => ((IWakeable)thread!).Wake(0), thread);
            while (true)
            {
                var context = new Context(new Waker(thread));
                if (context.Poll<TFuture, T>(ref future).TryGetValue(out T? value))
                {
                    return value;
                }

                thread.Park();
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            Dropper<TFuture>.Drop(ref future);
        }
    }

    /// <inheritdoc/>
    void IWakeable.Wake(long token)
    {
        lock (this)
        {
            _isWoken = true;
            Monitor.Pulse(this);
        }
    }

    private void Park()
    {
        lock (this)
        {
            while (!_isWoken)
            {
                Monitor.Wait(this);
            }

            _isWoken = false;
        }
    }
}
