using Dapper;
using Microsoft.Data.Sqlite;

namespace Treeline.Jobs.Tests;

/// <summary>Looks into a data file behind the store's back, and meddles with it.</summary>
internal static class Sql
{
    public static long Number(string file, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        return connection.ExecuteScalar<long>(sql);
    }
}
