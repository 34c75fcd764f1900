using System.Threading.Channels;

namespace Treeline.Tests.CancelSafety;

/// <summary>Loss 1 of docs/cancel-safety.md: a read that nobody waits for any more takes a message.</summary>
public sealed class AbandonedReadTests : TreeTest
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public Task Before_the_message_that_comes_later_is_lost() => InTime(async () =>
    {
        var channel = Channel.CreateUnbounded<string>();
        Task<string?> reading = NextAsync(channel.Reader, s_patience, _clock);
        _clock.Advance(s_patience);
        Assert.Null(await reading);

        await channel.Writer.WriteAsync("hello");
        Assert.False(channel.Reader.TryRead(out _)); // the read that was given up has it

        static async Task<string?> NextAsync(ChannelReader<string> messages, TimeSpan patience, TimeProvider clock)
        {
            Task<string> next = messages.ReadAsync().AsTask();
            Task first = await Task.WhenAny(next, Task.Delay(patience, clock));
            return first == next ? await next : null;
        }
    });

    [Fact]
    public Task After_it_is_still_there() => InTime(() => TaskScope.RunAsync(
        async _ =>
        {
            (MpscSender<string> sender, MpscReceiver<string> receiver) = Mpsc.Unbounded<string>();
            ValueTask<string?> reading = NextAsync(receiver, s_patience, CancellationToken.None);
            _clock.Advance(s_patience);
            Assert.Null(await reading);

            await sender.SendAsync("hello");
            Assert.Equal("hello", await NextAsync(receiver, s_patience, CancellationToken.None));

            static ValueTask<string?> NextAsync(MpscReceiver<string> messages, TimeSpan patience, CancellationToken ct)
            {
                return new Select<string?>()
                    .On(messages.ReceiveCase(), message => message)
                    .On(Clock.DelayCase(patience), () => null)
                    .WaitAsync(ct);
            }
        },
        new ScopeOptions { TimeProvider = _clock }));
}
