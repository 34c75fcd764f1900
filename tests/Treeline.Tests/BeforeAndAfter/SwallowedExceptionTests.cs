namespace Treeline.Tests.BeforeAndAfter;

/// <summary>Bug 2 of docs/before-and-after.md: something fails, and nobody hears of it.</summary>
public sealed class SwallowedExceptionTests : TreeTest
{
    private interface IStore
    {
        public Task WriteAsync(string order, CancellationToken ct);

        public Task AuditAsync(string order, CancellationToken ct);
    }

    private interface IConnection
    {
        public Task CloseAsync();
    }

    [Fact]
    public Task Before_what_is_fired_and_forgotten_fails_unheard() => InTime(async () =>
    {
        var store = new Store();
        await SaveAsync(store, "order 7", CancellationToken.None);
        Assert.True(store.Audit.IsFaulted);
        Assert.IsType<OopsException>(store.Audit.Exception.InnerException); // and so nobody reports it as unobserved

        static async Task SaveAsync(IStore store, string order, CancellationToken ct)
        {
            _ = store.AuditAsync(order, ct);   // "it will not fail"
            await store.WriteAsync(order, ct);
        }
    });

    [Fact]
    public Task After_it_cannot_be_forgotten() => InTime(async () =>
    {
        var store = new Store();
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => SaveAsync(store, "order 7", CancellationToken.None));
        Assert.Equal("audit", thrown.Message);

        static Task SaveAsync(IStore store, string order, CancellationToken ct) =>
            TaskScope.RunAsync(async scope =>
            {
                scope.Spawn(ct => store.AuditAsync(order, ct));
                await store.WriteAsync(order, scope.Token);
            }, ct);
    });

    [Fact]
    public Task Before_WhenAll_throws_one_error_of_two() => InTime(async () =>
    {
        IConnection[] connections = [new Connection("disk full"), new Connection("no route to host")];
        OopsException thrown = await Assert.ThrowsAsync<OopsException>(() => CloseAllAsync(connections));
        Assert.Equal("disk full", thrown.Message);
        Assert.Null(thrown.InnerException);

        static async Task CloseAllAsync(IEnumerable<IConnection> connections)
        {
            await Task.WhenAll(connections.Select(connection => connection.CloseAsync()));   // throws the first error only
        }
    });

    [Fact]
    public Task After_all_errors_come_each_with_its_place() => InTime(async () =>
    {
        IConnection[] connections = [new Connection("disk full"), new Connection("no route to host")];
        ScopeException thrown = await Assert.ThrowsAsync<ScopeException>(() => CloseAllAsync(connections));
        Assert.Equal(
            ["disk full", "no route to host"],
            thrown.InnerExceptions.Select(static error => error.Message).Order(StringComparer.Ordinal));
        Assert.All(
            thrown.Failures,
            static failure => Assert.Contains($"/{nameof(SwallowedExceptionTests)}.cs:", failure.Path, StringComparison.Ordinal));

        static Task CloseAllAsync(IEnumerable<IConnection> connections) =>
            TaskScope.RunAsync(
                scope =>
                {
                    foreach (IConnection connection in connections)
                    {
                        scope.Spawn(ct => connection.CloseAsync());
                    }

                    return Task.CompletedTask;
                },
                new ScopeOptions { OnFailure = FailurePolicy.CollectAll });
    });

    private sealed class Store : IStore
    {
        public Task Audit { get; private set; } = null!;

        public Task WriteAsync(string order, CancellationToken ct) => Task.CompletedTask;

        public Task AuditAsync(string order, CancellationToken ct) => Audit = Task.FromException(new OopsException("audit"));
    }

    private sealed class Connection(string error) : IConnection
    {
        public Task CloseAsync() => Task.FromException(new OopsException(error));
    }
}
