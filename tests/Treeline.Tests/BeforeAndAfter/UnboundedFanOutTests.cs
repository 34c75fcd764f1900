namespace Treeline.Tests.BeforeAndAfter;

/// <summary>Bug 6 of docs/before-and-after.md: as many calls at once as there are items.</summary>
public sealed class UnboundedFanOutTests : TreeTest
{
    private static readonly string[] s_urls = [.. Enumerable.Range(0, 1_000).Select(static i => $"https://example.org/{i}")];

    [Fact]
    public Task Before_all_calls_are_under_way_at_once() => InTime(async () =>
    {
        var server = new Server();
        Task import = ImportAsync(s_urls, server.FetchAsync, CancellationToken.None);
        Assert.Equal(s_urls.Length, server.UnderWay);

        server.Answer.SetResult();
        await import;

        static Task ImportAsync(string[] urls, Func<string, CancellationToken, Task> fetch, CancellationToken ct) =>
            Task.WhenAll(urls.Select(url => fetch(url, ct)));
    });

    [Fact]
    public Task After_no_more_are_than_was_said_and_all_get_their_turn() => InTime(async () =>
    {
        var server = new Server();
        Task import = ImportAsync(s_urls, server.FetchAsync, CancellationToken.None);
        await Until(() => server.UnderWay == 8);

        server.Answer.SetResult();
        await import;
        Assert.Equal(8, server.Most);
        Assert.Equal(s_urls.Length, server.Served);

        static Task ImportAsync(string[] urls, Func<string, CancellationToken, Task> fetch, CancellationToken ct) =>
            TaskScope.RunAsync(
                scope =>
                {
                    foreach (string url in urls)
                    {
                        scope.Spawn(ct => fetch(url, ct));
                    }

                    return Task.CompletedTask;
                },
                new ScopeOptions { MaxConcurrency = 8 },
                ct);
    });

    private sealed class Server
    {
        private readonly Lock _gate = new();
        private int _underWay;

        public TaskCompletionSource Answer { get; } = Signal();

        public int UnderWay
        {
            get
            {
                lock (_gate)
                {
                    return _underWay;
                }
            }
        }

        public int Most { get; private set; }

        public int Served { get; private set; }

        public async Task FetchAsync(string url, CancellationToken ct)
        {
            lock (_gate)
            {
                Most = Math.Max(Most, ++_underWay);
            }

            await Answer.Task.WaitAsync(ct);
            lock (_gate)
            {
                _underWay--;
                Served++;
            }
        }
    }
}
