using Dapper;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Treeline.Jobs.Tests;

public sealed class StoreWriterTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly SqliteConnection _connection;
    private readonly StoreWriter _writer;
    private Task _writing = Task.CompletedTask;
    private int _commits;

    public StoreWriterTests()
    {
        _connection = new SqliteConnection($"Data Source={_directory.DataFile};Pooling=False");
        _connection.Open();
        _connection.Execute(
            """
            PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;
            CREATE TABLE t (x INTEGER PRIMARY KEY);
            CREATE TABLE late (x REFERENCES t DEFERRABLE INITIALLY DEFERRED);
            """);
        _writer = new StoreWriter(_connection, "jobs.db");
        raw.sqlite3_commit_hook(_connection.Handle, _ => { _commits++; return 0; }, null);
    }

    public void Dispose()
    {
        _writer.Close();
        _writing.Wait(Deadline.Of);
        _writer.Dispose();
        _connection.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Writes_that_have_queued_up_share_one_commit()
    {
        Task<int>[] writes = [.. Enumerable.Range(0, 100).Select(Insert)];
        Start();

        await Task.WhenAll(writes);

        Assert.Equal(1, _commits);
        Assert.Equal(Enumerable.Range(0, 100), Rows());
    }

    [Fact]
    public async Task A_caller_hears_after_the_commit()
    {
        Start();

        for (int x = 0; x < 20; x++)
        {
            await Insert(x);
            Assert.Contains(x, Rows());
        }
    }

    [Fact]
    public async Task A_write_that_throws_is_rolled_back_alone()
    {
        Task<int> before = Insert(1);
        Task<int> failing = _writer.WriteAsync<int>(transaction =>
        {
            transaction.Execute("INSERT INTO t VALUES (2)");
            transaction.AfterCommit(() => Assert.Fail("a write that was rolled back must not be announced"));
            throw new InvalidTimeZoneException("mine");
        });
        Task<int> after = Insert(3);
        Start();

        await Task.WhenAll(before, after);

        InvalidTimeZoneException error = await Assert.ThrowsAsync<InvalidTimeZoneException>(() => failing);
        Assert.Equal("mine", error.Message);
        Assert.Equal([1, 3], Rows());
        Assert.Equal(1, _commits);
    }

    [Fact]
    public async Task A_statement_that_fails_is_rolled_back_alone()
    {
        Task<int> first = Insert(1);
        Task<int> twice = Insert(1);
        Start();

        await first;

        JobStoreException error = await Assert.ThrowsAsync<JobStoreException>(() => twice);
        Assert.Contains("UNIQUE", error.Message, StringComparison.Ordinal);
        Assert.Equal([1], Rows());
    }

    [Fact]
    public async Task A_commit_that_fails_fails_every_write_in_it_and_leaves_no_trace()
    {
        Task<int> good = Insert(1);
        Task<int> bad = _writer.WriteAsync(transaction => transaction.Execute("INSERT INTO late VALUES (99)"));
        Start();

        JobStoreException error = await Assert.ThrowsAsync<JobStoreException>(() => good);
        await Assert.ThrowsAsync<JobStoreException>(() => bad);
        Assert.Contains("nothing was changed", error.Message, StringComparison.Ordinal);
        Assert.Empty(Rows());

        await Insert(5);
        Assert.Equal([5], Rows());
    }

    [Fact]
    public async Task A_write_waits_for_the_writer_of_another_process()
    {
        using var other = new SqliteConnection($"Data Source={_directory.DataFile};Pooling=False");
        other.Open();
        other.Execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
        Start();
        Task<int> write = Insert(2);
        Assert.Empty(Rows());
        Assert.False(write.IsCompleted);

        other.Execute("COMMIT");

        await write.WaitAsync(Deadline.Of);
        Assert.Equal([1, 2], Rows());
    }

    [Fact]
    public async Task A_write_that_is_cancelled_in_the_queue_does_not_happen()
    {
        using var cancel = new CancellationTokenSource();
        Task<int> kept = Insert(1);
        Task<int> cancelled = _writer.WriteAsync(transaction => transaction.Execute("INSERT INTO t VALUES (2)"), cancel.Token);
        await cancel.CancelAsync();
        Start();

        await kept;

        OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(cancel.Token, error.CancellationToken);
        Assert.Equal([1], Rows());
    }

    [Fact]
    public async Task A_write_that_has_begun_is_not_cancelled_any_more()
    {
        using var cancel = new CancellationTokenSource();
        Task<int> write = _writer.WriteAsync(
            transaction =>
            {
                cancel.Cancel();
                return transaction.Execute("INSERT INTO t VALUES (1)");
            },
            cancel.Token);
        Start();

        Assert.Equal(1, await write);
        Assert.Equal([1], Rows());
    }

    [Fact]
    public async Task What_is_asked_for_after_the_commit_happens_in_the_order_of_the_writes()
    {
        var order = new List<int>();
        Task<int>[] writes =
        [
            .. Enumerable.Range(0, 50).Select(x => _writer.WriteAsync(transaction =>
            {
                transaction.AfterCommit(() => order.Add(x));
                return x;
            })),
        ];
        Start();

        await Task.WhenAll(writes);

        Assert.Equal(Enumerable.Range(0, 50), order);
    }

    [Fact]
    public async Task Closing_lets_the_queue_finish_and_nothing_more_in()
    {
        Task<int>[] writes = [.. Enumerable.Range(0, 10).Select(Insert)];
        _writer.Close();

        ObjectDisposedException error = await Assert.ThrowsAsync<ObjectDisposedException>(() => Insert(99));
        Start();
        await _writing.WaitAsync(Deadline.Of);

        await Task.WhenAll(writes);
        Assert.Equal(Enumerable.Range(0, 10), Rows());
        Assert.Contains("is closed", error.Message, StringComparison.Ordinal);
    }

    private void Start() =>
        _writing = Task.Factory.StartNew(_writer.Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private Task<int> Insert(int x) => _writer.WriteAsync(transaction => transaction.Execute("INSERT INTO t VALUES ($x)", ("$x", x)));

    private List<int> Rows()
    {
        using var reader = new SqliteConnection($"Data Source={_directory.DataFile};Mode=ReadOnly;Pooling=False");
        reader.Open();
        return reader.Query<int>("SELECT x FROM t ORDER BY x").AsList();
    }
}
