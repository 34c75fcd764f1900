using System.Threading.Channels;

namespace Treeline.Tests.CancelSafety;

/// <summary>Loss 4 of docs/cancel-safety.md: a message that was "not sent" is, and a second time when its sender tries again.</summary>
public sealed class SentAllTheSameTests : TreeTest
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public Task Before_it_is_sent_twice() => InTime(async () =>
    {
        var channel = Channel.CreateBounded<string>(1);
        await channel.Writer.WriteAsync("first");
        Task<bool> sending = TrySendAsync(channel.Writer, "second", s_patience, _clock);
        _clock.Advance(s_patience);
        Assert.False(await sending);

        Assert.Equal("first", await channel.Reader.ReadAsync());
        Task<bool> again = TrySendAsync(channel.Writer, "second", s_patience, _clock);
        Assert.Equal("second", await channel.Reader.ReadAsync());
        Assert.True(await again);
        Assert.Equal("second", await channel.Reader.ReadAsync());

        static async Task<bool> TrySendAsync(ChannelWriter<string> messages, string message, TimeSpan patience, TimeProvider clock)
        {
            try
            {
                await messages.WriteAsync(message).AsTask().WaitAsync(patience, clock);
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    });

    [Fact]
    public Task After_it_is_sent_once() => InTime(() => TaskScope.RunAsync(
        async _ =>
        {
            (MpscSender<string> sender, MpscReceiver<string> receiver) = Mpsc.Bounded<string>(1);
            await sender.SendAsync("first");
            ValueTask<bool> sending = TrySendAsync(sender, "second", s_patience, CancellationToken.None);
            _clock.Advance(s_patience);
            Assert.False(await sending);

            Assert.Equal("first", await receiver.ReceiveAsync());
            Assert.True(await TrySendAsync(sender, "second", s_patience, CancellationToken.None));
            Assert.Equal("second", await receiver.ReceiveAsync());
            Assert.False(receiver.TryReceive(out string? _));

            static ValueTask<bool> TrySendAsync(MpscSender<string> messages, string message, TimeSpan patience, CancellationToken ct)
            {
                return new Select<bool>()
                    .On(messages.SendCase(message), () => true)
                    .On(Clock.DelayCase(patience), () => false)
                    .WaitAsync(ct);
            }
        },
        new ScopeOptions { TimeProvider = _clock }));
}
