// What the operations return is looked at before it is awaited.
#pragma warning disable CA2012

using System.Net;
using Treeline.IO;
using Treeline.Net;

namespace Treeline.Tests.IO;

/// <summary>Lines over sockets of a runtime: where the code goes on, and what it costs.</summary>
public sealed class OnARuntimeTests : TreeTest
{
    private const int Clients = 8;
    private const int Lines = 40;

    [Theory]
    [InlineData("several threads")]
    [InlineData("one thread")]
    public Task Code_stays_on_the_runtime_whatever_it_waits_for(string shape) => OnARuntime(shape, async (runtime, scope) =>
    {
        using var listener = TcpListener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        ChildTask server = scope.Spawn(async ct =>
        {
            for (int i = 0; i < Clients; i++)
            {
                TcpStream stream = await listener.AcceptAsync(ct);
                if (i % 2 == 0)
                {
                    scope.Spawn(async token => await EchoAsync(runtime, stream, token)); // a fiber
                }
                else
                {
                    scope.Spawn((Func<CancellationToken, Task>)(token => EchoAsync(runtime, stream, token)));
                }
            }
        });

        for (int i = 0; i < Clients; i++)
        {
            int client = i;
            scope.Spawn(async ct =>
            {
                using TcpStream stream = await TcpStream.ConnectAsync(listener.LocalEndPoint, ct);
                using var writer = new LineWriter(stream);
                using var reader = new LineReader(stream, maxLength: 1 << 20);
                for (int line = 0; line < Lines; line++)
                {
                    string text = $"client {client}, line {line}, {new string('x', 1_000 * (line % 5) * (line % 7))}";
                    await writer.WriteAsync(text, ct);
                    Assert.Equal(text, await reader.ReadLineAsync(ct));
                    IsHere(runtime);
                }

                stream.Shutdown();
                Assert.Null(await reader.ReadLineAsync(ct));
            });
        }

        await server;
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_request_allocates_nothing(bool fiber) => OnARuntime("one thread", async (_, scope) =>
    {
        // One thread does all of it, so what that allocates is all there is.
        using Ends ends = await Ends.OpenAsync(Ends.Tcp);
        ChildTask server = fiber
            ? scope.Spawn(async ct => await AnswerAsync(ends.There, ct))
            : scope.Spawn((Func<CancellationToken, Task>)(ct => AnswerAsync(ends.There, ct)));
        byte[] question = "a question"u8.ToArray();
        using var writer = new LineWriter(ends.Here);
        using var reader = new LineReader(ends.Here);
        long least = long.MaxValue;
        for (int round = 0; round < 20 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                await writer.WriteAsync(question);
                if (!await reader.ReadAsync() || !reader.Line.Span.SequenceEqual(question))
                {
                    Assert.Fail("Another answer.");
                }
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        ends.Here.Shutdown();
        await server;
        Assert.Equal(0, least);
    });

    [Fact]
    public Task A_read_that_blocks_is_refused_where_it_would_wait_for_ever() => OnARuntime("one thread", async (_, _) =>
    {
        using Ends ends = await Ends.OpenAsync(Ends.Tcp);
        using Stream here = ends.Here.AsStream();

        Assert.Contains("wait for ever", Assert.Throws<InvalidOperationException>(() => here.ReadByte()).Message, StringComparison.Ordinal);

        await ends.There.WriteAsync("a"u8.ToArray());
        await ends.Here.ReadableAsync();
        Assert.Equal('a', here.ReadByte());
    });

    [Fact]
    public Task A_read_that_blocks_a_worker_waits_while_others_work() => OnARuntime("several threads", async (_, scope) =>
    {
        using Ends ends = await Ends.OpenAsync(Ends.Tcp);
        using Stream here = ends.Here.AsStream();
        ChildTask<int> read = scope.Spawn(async ct =>
        {
            await Fiber.Yield();
            return here.ReadByte();
        });
        scope.Spawn(async ct =>
        {
            await Clock.Delay(TimeSpan.FromMilliseconds(20), ct);
            await ends.There.WriteAsync("a"u8.ToArray(), ct);
        });

        Assert.Equal('a', await read);
    });

    private static async Task EchoAsync(RuntimeHandle runtime, TcpStream stream, CancellationToken cancellationToken)
    {
        using (stream)
        {
            using var reader = new LineReader(stream, maxLength: 1 << 20);
            using var writer = new LineWriter(stream);
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                IsHere(runtime);
                await writer.WriteAsync(line, cancellationToken);
                IsHere(runtime);
            }
        }
    }

    private static async Task AnswerAsync(ByteStream stream, CancellationToken cancellationToken)
    {
        using var reader = new LineReader(stream);
        using var writer = new LineWriter(stream);
        while (await reader.ReadAsync(cancellationToken))
        {
            await writer.WriteAsync(reader.Line.Span, cancellationToken);
        }
    }

    private static void IsHere(RuntimeHandle runtime) =>
        Assert.Same(runtime, (WorkerThread.Current.Worker?.Scheduler.Owner as RuntimeCore)?.Runtime);

    private Task OnARuntime(string shape, Func<Runtime, TaskScope, Task> test) => InTime(async () =>
    {
        RuntimeBuilder builder = Runtime.CreateBuilder().EnableAll();
        await using Runtime runtime = (shape == "one thread" ? builder.CurrentThread() : builder.MultiThread(2)).Build();
        await Task.Factory.StartNew(
            () => runtime.BlockOn(scope => test(runtime, scope)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    });
}
