using Dapper;
using Microsoft.Data.Sqlite;

namespace Treeline.Jobs;

/// <summary>
/// What a write sees: the connection's prepared statements, and a place for what must happen once the write is on disk.
/// Owner: the writer's thread.
/// </summary>
internal sealed class WriteTransaction(SqliteConnection connection) : IDisposable
{
    private readonly Dictionary<string, SqliteCommand> _prepared = [];
    private readonly List<Action> _afterCommit = [];

    /// <summary>Runs after COMMIT, on the writer's thread, in the order of the writes, before the caller hears.</summary>
    public void AfterCommit(Action action) => _afterCommit.Add(action);

    /// <returns>How many rows were changed.</returns>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Prepare(sql, parameters).ExecuteNonQuery();

    /// <returns>All rows; the statement has ended.</returns>
    public List<T> Query<T>(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteDataReader reader = Prepare(sql, parameters).ExecuteReader();
        return reader.Parse<T>().AsList();
    }

    /// <returns>The first column of the first row; null if there is none or it is NULL.</returns>
    public long? Number(string sql, params ReadOnlySpan<(string Name, object? Value)> parameters) =>
        Prepare(sql, parameters).ExecuteScalar() as long?;

    /// <summary>Takes what is to happen after COMMIT, and starts anew for the next write.</summary>
    public Action[] TakeAfterCommit()
    {
        Action[] actions = [.. _afterCommit];
        _afterCommit.Clear();
        return actions;
    }

    public void Dispose()
    {
        foreach (SqliteCommand command in _prepared.Values)
        {
            command.Dispose();
        }
    }

    private SqliteCommand Prepare(string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        if (!_prepared.TryGetValue(sql, out SqliteCommand? command))
        {
            command = connection.CreateCommand();
#pragma warning disable CA2100 // Every text is a constant of this library; values go in as parameters.
            command.CommandText = sql;
#pragma warning restore CA2100
            _prepared.Add(sql, command);
        }

        command.Parameters.Clear();
        foreach ((string name, object? value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }
}
