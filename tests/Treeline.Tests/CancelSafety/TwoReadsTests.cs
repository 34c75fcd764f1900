using System.Threading.Channels;

namespace Treeline.Tests.CancelSafety;

/// <summary>Loss 2 of docs/cancel-safety.md: of two reads at once, the one that was not first takes a message too.</summary>
public sealed class TwoReadsTests : TreeTest
{
    [Fact]
    public Task Before_the_second_message_is_lost() => InTime(async () =>
    {
        var orders = Channel.CreateUnbounded<string>();
        var commands = Channel.CreateUnbounded<string>();
        await orders.Writer.WriteAsync("order");
        Assert.Equal("order", await NextAsync(orders.Reader, commands.Reader));

        await commands.Writer.WriteAsync("command");
        Assert.False(commands.Reader.TryRead(out _)); // the read from the round before has it

        static async Task<string> NextAsync(ChannelReader<string> orders, ChannelReader<string> commands)
        {
            Task<string> order = orders.ReadAsync().AsTask();
            Task<string> command = commands.ReadAsync().AsTask();
            return await await Task.WhenAny(order, command);
        }
    });

    [Fact]
    public Task After_each_is_received_once() => InTime(async () =>
    {
        (MpscSender<string> newOrders, MpscReceiver<string> orders) = Mpsc.Unbounded<string>();
        (MpscSender<string> newCommands, MpscReceiver<string> commands) = Mpsc.Unbounded<string>();
        await newOrders.SendAsync("order");
        Assert.Equal("order", await NextAsync(orders, commands, CancellationToken.None));

        await newCommands.SendAsync("command");
        Assert.Equal("command", await NextAsync(orders, commands, CancellationToken.None));

        static ValueTask<string> NextAsync(MpscReceiver<string> orders, MpscReceiver<string> commands, CancellationToken ct)
        {
            return new Select<string>()
                .On(orders.ReceiveCase(), order => order)
                .On(commands.ReceiveCase(), command => command)
                .WaitAsync(ct);
        }
    });
}
