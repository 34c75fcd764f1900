using Dapper;
using Microsoft.Data.Sqlite;

namespace Treeline.Jobs;

/// <summary>
/// The shape of the data file, as the steps that lead to it. A file's <c>user_version</c> says how many of them it has
/// had. A step that was released is never edited; a change is a new step.
/// </summary>
internal static class Schema
{
    // "TLjb": marks a file as ours, so that another program's database is not written into.
    private const long ApplicationId = 0x544C6A62;

    /// <summary>
    /// Times are milliseconds since 1970, UTC. <c>fence</c> counts claims: whoever ends or renews an attempt must name
    /// the fence it was claimed under, so one that has lost its lease can do nothing any more. The counts by state are
    /// kept by triggers, because counting a million rows each second for a status page is no way to live.
    /// </summary>
    private static readonly string[] s_steps =
    [
        $"""
        CREATE TABLE jobs (
            id               INTEGER PRIMARY KEY AUTOINCREMENT,
            type             TEXT    NOT NULL,
            args             TEXT,
            state            INTEGER NOT NULL DEFAULT {StateCode.Pending},
            attempts         INTEGER NOT NULL DEFAULT 0,
            max_attempts     INTEGER NOT NULL,
            deaths           INTEGER NOT NULL DEFAULT 0,
            priority         INTEGER NOT NULL,
            created_at       INTEGER NOT NULL,
            run_at           INTEGER NOT NULL,
            started_at       INTEGER,
            finished_at      INTEGER,
            result           TEXT,
            error            TEXT,
            cancel_requested INTEGER NOT NULL DEFAULT 0,
            fence            INTEGER NOT NULL DEFAULT 0,
            lease_owner      TEXT,
            lease_until      INTEGER
        );

        -- Claiming: for one priority, the jobs in the order in which they run.
        CREATE INDEX jobs_pending ON jobs (priority, run_at, id) WHERE state = {StateCode.Pending};

        -- Leases: never more rows than there are workers.
        CREATE INDEX jobs_running ON jobs (lease_owner, lease_until) WHERE state = {StateCode.Running};

        -- Listing by state; SQLite appends the id to every index.
        CREATE INDEX jobs_by_state ON jobs (state);

        CREATE TABLE job_counts (
            state INTEGER PRIMARY KEY,
            n     INTEGER NOT NULL DEFAULT 0
        );
        INSERT INTO job_counts (state) VALUES
            ({StateCode.Pending}), ({StateCode.Running}), ({StateCode.Succeeded}), ({StateCode.Failed}), ({StateCode.Cancelled});

        CREATE TRIGGER jobs_counted_in AFTER INSERT ON jobs BEGIN
            UPDATE job_counts SET n = n + 1 WHERE state = NEW.state;
        END;
        CREATE TRIGGER jobs_counted_over AFTER UPDATE OF state ON jobs WHEN OLD.state <> NEW.state BEGIN
            UPDATE job_counts SET n = n - 1 WHERE state = OLD.state;
            UPDATE job_counts SET n = n + 1 WHERE state = NEW.state;
        END;
        CREATE TRIGGER jobs_counted_out AFTER DELETE ON jobs BEGIN
            UPDATE job_counts SET n = n - 1 WHERE state = OLD.state;
        END;
        """,
    ];

    /// <summary>Brings the file up to date, all of it or nothing.</summary>
    /// <exception cref="JobStoreException">The file belongs to another program or to a newer Treeline.</exception>
    public static void Migrate(SqliteConnection connection, string file) => Migrate(connection, file, s_steps);

    /// <inheritdoc cref="Migrate(SqliteConnection, string)"/>
    /// <param name="connection">The connection.</param>
    /// <param name="file">The file's name for messages.</param>
    /// <param name="steps">The steps, oldest first.</param>
    internal static void Migrate(SqliteConnection connection, string file, IReadOnlyList<string> steps)
    {
        // Immediate: a second process that opens the file at the same time waits here, and finds nothing left to do.
        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        long version = connection.ExecuteScalar<long>("PRAGMA user_version", transaction: transaction);
        long application = connection.ExecuteScalar<long>("PRAGMA application_id", transaction: transaction);
        bool empty = connection.ExecuteScalar<long>("SELECT count(*) FROM sqlite_master", transaction: transaction) == 0;

        if (application != ApplicationId && !empty)
        {
            throw new JobStoreException(
                $"'{file}' is the SQLite database of another program. Nothing was changed. Choose another data file.");
        }

        if (version > steps.Count)
        {
            throw new JobStoreException(
                $"'{file}' was written by a newer Treeline (schema {version}; this one knows {steps.Count}). "
                + "Nothing was changed. Use the newer version, or another data file.");
        }

        for (int step = (int)version; step < steps.Count; step++)
        {
            connection.Execute(steps[step], transaction: transaction);
        }

        if (version < steps.Count)
        {
            connection.Execute(
                $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {steps.Count}", transaction: transaction);
        }

        transaction.Commit();
    }
}
