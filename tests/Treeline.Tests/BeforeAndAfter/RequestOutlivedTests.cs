namespace Treeline.Tests.BeforeAndAfter;

/// <summary>Bug 5 of docs/before-and-after.md: work outlives the request that started it, and what it uses is gone.</summary>
public sealed class RequestOutlivedTests : TreeTest
{
    private interface IDatabase : IAsyncDisposable
    {
        public Task SaveAsync(string order);

        public Task AuditAsync(string order);
    }

    [Fact]
    public Task Before_the_audit_finds_the_database_disposed_and_the_request_has_said_it_was_fine() => InTime(async () =>
    {
        var database = new Database();
        Assert.Equal("saved", await HandleAsync(() => database, "order 7"));
        Assert.True(database.IsDisposed);

        database.AuditMayGoOn.SetResult();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => database.Audit.Task);

        static async Task<string> HandleAsync(Func<IDatabase> open, string order)
        {
            await using IDatabase database = open();
            _ = Task.Run(() => database.AuditAsync(order));   // "the client need not wait for that"
            await database.SaveAsync(order);
            return "saved";
        }
    });

    [Fact]
    public Task After_the_database_stays_until_the_audit_has_ended() => InTime(async () =>
    {
        var database = new Database();
        Task<string> request = HandleAsync(() => database, "order 7");
        await database.Saved.Task;
        Assert.False(database.IsDisposed);

        database.AuditMayGoOn.SetResult();
        Assert.Equal("saved", await request);
        Assert.True(database.Audit.Task.IsCompletedSuccessfully);
        Assert.True(database.IsDisposed);

        static async Task<string> HandleAsync(Func<IDatabase> open, string order)
        {
            await using IDatabase database = open();   // around the scope: children use it
            return await TaskScope.RunAsync(async scope =>
            {
                scope.Spawn(ct => database.AuditAsync(order));
                await database.SaveAsync(order);
                return "saved";
            });
        }
    });

    private sealed class Database : IDatabase
    {
        public TaskCompletionSource AuditMayGoOn { get; } = Signal();

        public TaskCompletionSource Saved { get; } = Signal();

        /// <summary>How the audit ended.</summary>
        public TaskCompletionSource Audit { get; } = Signal();

        public bool IsDisposed { get; private set; }

        public Task SaveAsync(string order)
        {
            Saved.SetResult();
            return Task.CompletedTask;
        }

        public async Task AuditAsync(string order)
        {
            await AuditMayGoOn.Task;
            if (IsDisposed)
            {
                Audit.SetException(new ObjectDisposedException(nameof(Database)));
            }
            else
            {
                Audit.SetResult();
            }
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }
    }
}
