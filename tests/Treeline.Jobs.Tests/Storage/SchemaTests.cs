using Dapper;
using Microsoft.Data.Sqlite;

namespace Treeline.Jobs.Tests;

public sealed class SchemaTests : IDisposable
{
    private static readonly string[] s_twoSteps = ["CREATE TABLE a (x)", "CREATE TABLE b (x)"];

    private readonly TempDirectory _directory = new();

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _directory.Dispose();
    }

    [Fact]
    public void A_new_file_gets_all_steps()
    {
        using SqliteConnection file = OpenFile();

        Schema.Migrate(file, "jobs.db", s_twoSteps);

        Assert.Equal(["a", "b"], Tables(file));
        Assert.Equal(2, Version(file));
    }

    [Fact]
    public void An_older_file_gets_only_the_steps_it_lacks_and_keeps_its_rows()
    {
        using SqliteConnection file = OpenFile();
        Schema.Migrate(file, "jobs.db", s_twoSteps[..1]);
        file.Execute("INSERT INTO a VALUES (1)");

        Schema.Migrate(file, "jobs.db", s_twoSteps);
        Schema.Migrate(file, "jobs.db", s_twoSteps);

        Assert.Equal(["a", "b"], Tables(file));
        Assert.Equal(1, file.ExecuteScalar<long>("SELECT count(*) FROM a"));
    }

    [Fact]
    public void A_step_that_fails_leaves_the_file_as_it_was()
    {
        using SqliteConnection file = OpenFile();
        Schema.Migrate(file, "jobs.db", s_twoSteps[..1]);

        Assert.Throws<SqliteException>(() => Schema.Migrate(file, "jobs.db", [.. s_twoSteps, "CREATE TABLE a (again)"]));

        Assert.Equal(["a"], Tables(file));
        Assert.Equal(1, Version(file));
    }

    [Fact]
    public void A_file_of_a_newer_version_is_refused_untouched()
    {
        using SqliteConnection file = OpenFile();
        Schema.Migrate(file, "jobs.db", s_twoSteps);

        JobStoreException error = Assert.Throws<JobStoreException>(() => Schema.Migrate(file, "jobs.db", s_twoSteps[..1]));

        Assert.Contains("newer Treeline (schema 2; this one knows 1)", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, Version(file));
    }

    [Fact]
    public void The_database_of_another_program_is_refused_untouched()
    {
        using (SqliteConnection file = OpenFile())
        {
            file.Execute("CREATE TABLE theirs (x)");
        }

        JobStoreException error = Assert.Throws<JobStoreException>(Open);

        Assert.Contains("another program", error.Message, StringComparison.Ordinal);
        using SqliteConnection after = OpenFile();
        Assert.Equal(["theirs"], Tables(after));
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_untouched()
    {
        string text = string.Concat(Enumerable.Repeat("this is a shopping list, not a database. ", 50));
        File.WriteAllText(_directory.DataFile, text);

        JobStoreException error = Assert.Throws<JobStoreException>(Open);

        Assert.Contains("not an SQLite database", error.Message, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(_directory.DataFile));
    }

    [Fact]
    public void A_directory_in_place_of_the_file_is_an_error_that_names_it()
    {
        Directory.CreateDirectory(_directory.DataFile);

        JobStoreException error = Assert.Throws<JobStoreException>(Open);

        Assert.Contains(_directory.DataFile, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_directories_are_made()
    {
        string file = _directory.File("some/where/deep/jobs.db");

        JobStore.Open(file, TimeProvider.System, new EventFeed(), new RunningJobs()).Dispose();

        Assert.True(File.Exists(file));
    }

    [Fact]
    public void The_store_is_write_ahead_logged_and_marked_as_ours()
    {
        Open().Dispose();

        using SqliteConnection file = OpenFile();
        Assert.Equal("wal", file.ExecuteScalar<string>("PRAGMA journal_mode"));
        Assert.Equal(0x544C6A62, file.ExecuteScalar<long>("PRAGMA application_id"));
        Assert.Equal(1, Version(file));
    }

    [Fact]
    public async Task Opening_a_new_file_from_several_sides_at_once_works()
    {
        JobStore[] stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(Open)));

        Assert.All(stores, store => Assert.Equal(new JobCounts(0, 0, 0, 0, 0), store.Count()));
        Array.ForEach(stores, store => store.Dispose());
    }

    private static long Version(SqliteConnection file) => file.ExecuteScalar<long>("PRAGMA user_version");

    private static IEnumerable<string> Tables(SqliteConnection file) =>
        file.Query<string>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");

    private JobStore Open() => JobStore.Open(_directory.DataFile, TimeProvider.System, new EventFeed(), new RunningJobs());

    private SqliteConnection OpenFile()
    {
        var connection = new SqliteConnection($"Data Source={_directory.DataFile};Pooling=False");
        connection.Open();
        return connection;
    }
}
