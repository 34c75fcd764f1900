using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Treeline.Tests.Cancellation;

/// <summary>The worked example of docs/cancellation.md: a consumer that is stopped in three steps.</summary>
public sealed class GracefulShutdownTests : TreeTest
{
    private readonly ManualTimeProvider _clock = new();
    private readonly Mailbox _mailbox = new();

    [Fact]
    public Task It_finishes_what_it_holds_and_takes_nothing_new() => InTime(async () =>
    {
        TaskScope server = Open();
        Task serving = ServeAsync(server, _mailbox.ReceiveAsync, _mailbox.HandleAsync);
        _mailbox.Send("one");
        await _mailbox.Handling.Task;
        _mailbox.Send("two");

        server.Stop(reason: "SIGTERM");
        Assert.False(serving.IsCompleted);
        _mailbox.MayFinish.SetResult();
        await serving;
        Assert.Equal(["one"], _mailbox.Handled);
        Assert.Equal(NodeState.Succeeded, server.State);
        Assert.Equal(0, _clock.Pending);
    });

    [Fact]
    public Task A_consumer_that_waits_for_a_message_ends_at_once() => InTime(async () =>
    {
        TaskScope server = Open();
        Task serving = ServeAsync(server, _mailbox.ReceiveAsync, _mailbox.HandleAsync);
        await _mailbox.Receiving.Task;
        server.Stop(reason: "SIGTERM");
        await serving;
        Assert.Equal(NodeState.Succeeded, server.State);
    });

    [Fact]
    public Task When_the_grace_is_over_it_is_cancelled_and_that_is_no_error() => InTime(async () =>
    {
        TaskScope server = Open();
        Task serving = ServeAsync(server, _mailbox.ReceiveAsync, _mailbox.HandleAsync);
        _mailbox.Send("one");
        await _mailbox.Handling.Task;
        server.Stop(reason: "SIGTERM");
        _clock.Advance(TimeSpan.FromSeconds(20));
        await serving;
        Assert.Empty(_mailbox.Handled);
        Assert.Equal(NodeState.Cancelled, server.State);
    });

    [Fact]
    public Task When_the_patience_is_over_as_well_it_is_named() => InTime(async () =>
    {
        TaskScope server = Open();
        TaskCompletionSource deaf = Signal();
        TaskCompletionSource<string> handling = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task serving = ServeAsync(server, _mailbox.ReceiveAsync, (message, _) =>
        {
            handling.SetResult(message);
            return deaf.Task;
        });
        _mailbox.Send("one");
        await handling.Task;
        server.Stop(reason: "SIGTERM");
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.False(serving.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(5));
        AbandonedException thrown = await Assert.ThrowsAsync<AbandonedException>(() => serving);
        Assert.Equal("server/consumer", Assert.Single(thrown.Nodes).Path);
        deaf.SetResult();
        await Until(static () => All().All(static node => node.Name != "server"));
    });

    private static async Task ServeAsync(
        TaskScope server, Func<CancellationToken, Task<string>> receive, Func<string, CancellationToken, Task> handle)
    {
        await using TaskScope _ = server;
        server.Spawn(ct => ConsumeAsync(receive, handle, server.StoppingToken, ct), name: "consumer");
        await server.JoinAsync();

        static async Task ConsumeAsync(
            Func<CancellationToken, Task<string>> receive,
            Func<string, CancellationToken, Task> handle,
            CancellationToken stopping,
            CancellationToken ct)
        {
            while (!stopping.IsCancellationRequested)
            {
                string message;
                try
                {
                    message = await receive(stopping);   // takes nothing new once it is to stop
                }
                catch (OperationCanceledException) when (stopping.IsCancellationRequested)
                {
                    return;
                }

                await handle(message, ct);               // finishes what it holds, as long as the grace lasts
            }
        }
    }

    private TaskScope Open() => TaskScope.Open(new ScopeOptions
    {
        Name = "server",
        Grace = TimeSpan.FromSeconds(20),
        Patience = TimeSpan.FromSeconds(5),
        TimeProvider = _clock,
    });

    private sealed class Mailbox
    {
        private readonly Channel<string> _messages = Channel.CreateUnbounded<string>();

        public TaskCompletionSource Receiving { get; } = Signal();

        public TaskCompletionSource Handling { get; } = Signal();

        public TaskCompletionSource MayFinish { get; } = Signal();

        public ConcurrentQueue<string> Handled { get; } = [];

        public void Send(string message) => Assert.True(_messages.Writer.TryWrite(message));

        public Task<string> ReceiveAsync(CancellationToken ct)
        {
            Task<string> message = _messages.Reader.ReadAsync(ct).AsTask();
            Receiving.TrySetResult();
            return message;
        }

        public async Task HandleAsync(string message, CancellationToken ct)
        {
            Handling.TrySetResult();
            await MayFinish.Task.WaitAsync(ct);
            Handled.Enqueue(message);
        }
    }
}
