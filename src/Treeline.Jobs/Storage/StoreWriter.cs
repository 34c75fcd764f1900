using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Treeline.Jobs;

/// <summary>
/// The one writer of the data file. Writes queue up while a transaction is being flushed to disk, and all that have
/// queued share the next one (group commit), so that being durable costs one flush per batch and not one per write.
/// </summary>
/// <remarks>
/// <para>It has a thread of its own: SQLite's calls block, a flush takes milliseconds on a disk, and the thread pool,
/// which runs the handlers, has only as many threads as there are cores to begin with. Nor can handlers that block the
/// pool then hold up the heartbeat's writes.</para>
/// <para><b>Protocol.</b> Each write runs inside a savepoint: one that throws is rolled back alone. After COMMIT, and on
/// this thread, in the order of the writes: what the write asked to happen afterwards, then its caller is told. If the
/// transaction itself fails (disk full, say), each write in it has failed. So a caller that got a result has it on disk,
/// and one that got an error left no trace.</para>
/// </remarks>
internal sealed class StoreWriter(SqliteConnection connection, string file) : IDisposable
{
    // Bounds how long the first caller of a batch waits for the others, and how much a failing COMMIT takes down.
    private const int MaxBatch = 256;

    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);

    private readonly BlockingCollection<WriteCommand> _queue = [];
    private readonly WriteTransaction _transaction = new(connection);
    private readonly List<WriteCommand> _batch = new(MaxBatch);
    private readonly List<(WriteCommand Command, Action[] AfterCommit)> _executed = new(MaxBatch);
    private readonly List<(WriteCommand Command, Exception Error)> _failed = [];

    /// <summary>
    /// Queues <paramref name="write"/>. Cancellation: a cancelled write has not happened; one that has begun is not
    /// cancelled any more.
    /// </summary>
    /// <returns>The write's result, once it is on disk.</returns>
    /// <exception cref="JobStoreException">The transaction failed.</exception>
    /// <exception cref="ObjectDisposedException">The writer was closed.</exception>
    public Task<T> WriteAsync<T>(Func<WriteTransaction, T> write, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellationToken);
        }

        var command = new WriteCommand<T>(write);
        command.CancelWith(cancellationToken);
        try
        {
            _queue.Add(command, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            command.Fail(Closed());
        }

        return command.Task;
    }

    /// <summary>Lets no further write in; <see cref="Run"/> ends after those already queued.</summary>
    public void Close() => _queue.CompleteAdding();

    /// <summary>Commits what is queued until <see cref="Close"/>. Blocks its thread.</summary>
    public void Run()
    {
        try
        {
            foreach (WriteCommand first in _queue.GetConsumingEnumerable())
            {
                _batch.Add(first);
                while (_batch.Count < MaxBatch && _queue.TryTake(out WriteCommand? next))
                {
                    _batch.Add(next);
                }

                CommitBatch();
                _batch.Clear();
            }
        }
        finally
        {
            // Only a defect in this class leaves writes behind; even then nobody may wait for ever.
            Close();
            foreach (WriteCommand left in _batch.Concat(_queue.GetConsumingEnumerable()))
            {
                left.Fail(Closed());
            }
        }
    }

    public void Dispose()
    {
        _transaction.Dispose();
        _queue.Dispose();
    }

    private void CommitBatch()
    {
        _executed.Clear();
        _failed.Clear();
        try
        {
            Begin();
            foreach (WriteCommand command in _batch)
            {
                if (command.TryStart())
                {
                    Execute(command);
                }
            }

            _transaction.Execute("COMMIT");
        }
        catch (Exception e)
        {
            RollBack();
            JobStoreException error = Failed(e);
            foreach ((WriteCommand command, Exception own) in _failed)
            {
                command.Fail(own);
            }

            foreach (WriteCommand command in _batch)
            {
                // True for a write that had not begun when the transaction failed; the others are known to have begun,
                // unless they were cancelled, and then failing them changes nothing.
                command.TryStart();
                command.Fail(error);
            }

            return;
        }

        foreach ((WriteCommand command, Action[] afterCommit) in _executed)
        {
            foreach (Action action in afterCommit)
            {
                action();
            }

            command.Succeed();
        }

        foreach ((WriteCommand command, Exception error) in _failed)
        {
            command.Fail(error);
        }
    }

    /// <summary>
    /// Waits for writers of other processes. By itself rather than by <c>busy_timeout</c>, which looks again after up to
    /// 100 ms and so lets one busy process starve another.
    /// </summary>
    private void Begin()
    {
        long began = Environment.TickCount64;
        while (true)
        {
            int result = raw.sqlite3_exec(connection.Handle, "BEGIN IMMEDIATE");
            if (result == raw.SQLITE_OK)
            {
                return;
            }

            if ((result & 0xFF) != raw.SQLITE_BUSY || Environment.TickCount64 - began > s_longestWait.TotalMilliseconds)
            {
                throw new SqliteException(raw.sqlite3_errmsg(connection.Handle).utf8_to_string(), result);
            }

            Thread.Sleep(1);
        }
    }

    private void Execute(WriteCommand command)
    {
        _transaction.Execute("SAVEPOINT command");
        try
        {
            command.Execute(_transaction);
            _transaction.Execute("RELEASE command");
        }
        catch (Exception e)
        {
            _transaction.TakeAfterCommit();

            // Throws if SQLite has rolled the whole transaction back itself, as it does on a full disk.
            _transaction.Execute("ROLLBACK TO command");
            _transaction.Execute("RELEASE command");
            _failed.Add((command, e is SqliteException ? Failed(e) : e));
            return;
        }

        _executed.Add((command, _transaction.TakeAfterCommit()));
    }

    private void RollBack()
    {
        try
        {
            _transaction.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has already done so.
        }
    }

    private JobStoreException Failed(Exception cause) => new(
        $"Writing to the job store '{file}' failed, and nothing was changed: {cause.Message} "
        + "Is the disk full, or does another program hold the file?",
        cause);

    private ObjectDisposedException Closed() =>
        new(nameof(JobServer), $"The job store '{file}' is closed: its server was disposed, or the scope it was opened in has ended.");
}
