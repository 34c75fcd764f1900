namespace Treeline;

/// <summary>
/// The cooperative budget: how many waits of one dispatch may complete at once before the work gives way, so that a task
/// whose waits are always ready cannot keep its worker for ever. The idea is Tokio's (<c>tokio::task::coop</c>).
/// </summary>
internal static class Budget
{
    /// <summary>
    /// Takes one unit. False when none is left: the wait then pretends not to be complete, and yields. Off a worker there
    /// is no budget: a foreign thread belongs to whoever runs it.
    /// </summary>
    public static bool TryConsume()
    {
        WorkerThread thread = WorkerThread.Current;
        if (thread.Worker is null)
        {
            return true;
        }

        if (thread.Budget <= 0)
        {
            return false;
        }

        thread.Budget--;
        return true;
    }
}
