namespace Treeline.Tests.BeforeAndAfter;

/// <summary>Bug 3 of docs/before-and-after.md: a linked token source that nobody disposes of hangs on its parent for ever.</summary>
public sealed class LeakedLinkedSourceTests : TreeTest
{
    private const int Requests = 100;

    private interface IStore
    {
        public Task<string> GetAsync(string key, CancellationToken ct);
    }

    [Fact]
    public Task Before_the_application_holds_on_to_the_source_of_each_request() => InTime(async () =>
    {
        var store = new Store();
        using var application = new CancellationTokenSource();
        await RequestAsync(key => FetchAsync(store, key, application.Token));
        GC.Collect();
        Assert.Equal(Requests, store.Alive.Count());

        // The requests have ended, and are cancelled all the same, one by one.
        await application.CancelAsync();
        Assert.Equal(Requests, store.Alive.Count(static token => token.WaitOne(0)));

        static async Task<string> FetchAsync(IStore store, string key, CancellationToken application)
        {
            var limited = CancellationTokenSource.CreateLinkedTokenSource(application);   // and no using
            limited.CancelAfter(TimeSpan.FromSeconds(30));
            return await store.GetAsync(key, limited.Token);
        }
    });

    [Fact]
    public Task After_an_ended_request_leaves_nothing_at_the_application() => InTime(async () =>
    {
        var store = new Store();
        using var application = new CancellationTokenSource();
        await RequestAsync(key => FetchAsync(store, key, application.Token));
        GC.Collect();
        Assert.InRange(store.Alive.Count(), 0, Requests / 10); // a thread or a pool may still know the last of them

        static Task<string> FetchAsync(IStore store, string key, CancellationToken application) =>
            CancelScope.WithTimeoutAsync(TimeSpan.FromSeconds(30), ct => store.GetAsync(key, ct), application);
    });

    private static async Task RequestAsync(Func<string, Task<string>> fetch)
    {
        for (int i = 0; i < Requests; i++)
        {
            string key = $"key {i}";
            Assert.Equal(key, await fetch(key));
        }
    }

    private sealed class Store : IStore
    {
        private readonly List<WeakReference<WaitHandle>> _tokens = [];

        /// <summary>
        /// The handles of the tokens that requests came with, as far as they are still in memory: a handle is held by its
        /// token's source and by nobody else. It is set when that is cancelled.
        /// </summary>
        public IEnumerable<WaitHandle> Alive =>
            _tokens.Select(static token => token.TryGetTarget(out WaitHandle? handle) ? handle : null).OfType<WaitHandle>();

        public Task<string> GetAsync(string key, CancellationToken ct)
        {
            _tokens.Add(new WeakReference<WaitHandle>(ct.WaitHandle));
            return Task.FromResult(key);
        }
    }
}
