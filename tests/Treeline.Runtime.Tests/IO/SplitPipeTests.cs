using System.Buffers;
using System.IO.Pipelines;

namespace Treeline.Tests.IO;

public sealed class SplitPipeTests : TreeTest
{
    [Theory]
    [InlineData(Ends.Memory)]
    [InlineData(Ends.Tcp)]
    public Task What_one_end_writes_the_other_reads(string kind) => InTime(async () =>
    {
        using Ends ends = await Ends.OpenAsync(kind);
        IDuplexPipe here = ends.Here.AsDuplexPipe();
        IDuplexPipe there = ends.There.AsDuplexPipe();
        byte[] sent = Payload.Of(1_000_000);

        Task write = Task.Run(async () =>
        {
            for (int at = 0; at < sent.Length; at += 10_000)
            {
                await here.Output.WriteAsync(sent.AsMemory(at, 10_000));
            }

            await here.Output.CompleteAsync();
        });
        ReadResult result;
        while (!(result = await there.Input.ReadAsync()).IsCompleted)
        {
            there.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }

        await write;
        Assert.Equal(sent, result.Buffer.ToArray());
        await there.Input.CompleteAsync();
        await there.Output.WriteAsync("heard"u8.ToArray());
        await there.Output.CompleteAsync();
        ReadResult answer = await here.Input.ReadAtLeastAsync(6);
        Assert.True(answer.IsCompleted);
        Assert.Equal("heard"u8, answer.Buffer.ToArray());
        await here.Input.CompleteAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await ends.Here.ReadAsync(new byte[1]));
    });

    [Fact]
    public Task A_cancelled_read_of_the_pipe_took_nothing() => InTime(async () =>
    {
        using Ends ends = Ends.InMemory();
        IDuplexPipe pipe = ends.Here.AsDuplexPipe();
        using var cancel = new CancellationTokenSource();
        ValueTask<ReadResult> read = pipe.Input.ReadAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);
        ValueTask<ReadResult> woken = pipe.Input.ReadAsync();
        pipe.Input.CancelPendingRead();
        Assert.True((await woken).IsCanceled);

        await ends.There.WriteAsync("abc"u8.ToArray());

        ReadResult result = await pipe.Input.ReadAsync();
        Assert.Equal("abc"u8, result.Buffer.ToArray());
    });
}
