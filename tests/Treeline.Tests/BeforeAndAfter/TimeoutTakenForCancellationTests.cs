namespace Treeline.Tests.BeforeAndAfter;

/// <summary>
/// Bug 8 of docs/before-and-after.md: a timeout of <see cref="HttpClient"/> looks like the cancellation that a loop takes for
/// its end.
/// </summary>
public sealed class TimeoutTakenForCancellationTests : TreeTest
{
    private static readonly Uri s_feed = new("http://feed.example.org");

    [Fact]
    public Task Before_one_slow_answer_ends_the_poller_without_a_word() => InTime(async () =>
    {
        using HttpClient http = AnswersTwice();
        int received = 0;
        using var stopping = new CancellationTokenSource();
        await PollAsync(http, s_feed, _ => received++, stopping.Token);
        Assert.Equal(2, received);
        Assert.False(stopping.IsCancellationRequested);

        static async Task PollAsync(HttpClient http, Uri feed, Action<string> receive, CancellationToken stopping)
        {
            try
            {
                while (true)
                {
                    receive(await http.GetStringAsync(feed, stopping));
                }
            }
            catch (OperationCanceledException)
            {
                // We are being stopped. Or so it seems.
            }
        }
    });

    [Fact]
    public Task After_it_is_the_failure_that_it_is() => InTime(async () =>
    {
        using HttpClient http = AnswersTwice();
        int received = 0;
        using var stopping = new CancellationTokenSource();
        TaskCanceledException thrown = await Assert.ThrowsAsync<TaskCanceledException>(
            () => TaskScope.RunAsync(async scope =>
            {
                ChildTask other = scope.Spawn(Forever);
                ChildTask poller = scope.Spawn(_ => PollAsync(http, s_feed, _ => received++, stopping.Token));
                await Assert.ThrowsAsync<TaskCanceledException>(async () => await poller);
                Assert.Equal(NodeState.Failed, poller.State);
                await Until(() => other.IsCompleted);
                Assert.Equal(NodeState.Cancelled, other.State);
            }));
        Assert.IsType<TimeoutException>(thrown.InnerException);
        Assert.Equal(2, received);
        Assert.False(stopping.IsCancellationRequested);

        static Task PollAsync(HttpClient http, Uri feed, Action<string> receive, CancellationToken stopping) =>
            TaskScope.RunAsync(async scope =>
            {
                while (true)
                {
                    receive(await http.GetStringAsync(feed, scope.Token));
                }
            }, stopping);
    });

    /// <summary>Its third answer never comes, which it notices soon.</summary>
    private static HttpClient AnswersTwice() => new(new SlowServer(2), disposeHandler: true)
    {
        Timeout = TimeSpan.FromMilliseconds(500),
    };

    private sealed class SlowServer(int answers) : HttpMessageHandler
    {
        private int _left = answers;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (--_left < 0)
            {
                await Forever(cancellationToken);
            }

            return new HttpResponseMessage { Content = new StringContent("news") };
        }
    }
}
