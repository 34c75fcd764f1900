using System.Buffers.Binary;
using System.Net.Sockets;
using Treeline.Net;
using TcpListener = Treeline.Net.TcpListener;

namespace Treeline.Testing.Tests.Net;

/// <summary>
/// A server that counts, and a client that makes it count: a small protocol of requests that are sent again when no answer comes. So
/// that a request that came twice counts once, each has a number, and the server knows those it has seen.
/// </summary>
/// <param name="knowsWhatItHasSeen">False plants the bug that everybody makes first.</param>
internal sealed class Counter(bool knowsWhatItHasSeen = true)
{
    private const int Port = 9;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    // What survives a crash: the server's disk.
    private readonly HashSet<long> _seen = [];

    public long Count { get; private set; }

    public async Fiber ServeAsync(TaskScope scope)
    {
        using TcpListener listener = TcpListener.Bind($"*:{Port}");
        while (true)
        {
            TcpStream stream = await listener.AcceptAsync(scope.Token);
            scope.Spawn(async ct =>
            {
                using (stream)
                {
                    await AnswerAsync(stream, ct);
                }
            });
        }
    }

    /// <summary>Makes the server count once.</summary>
    public static async Fiber AddAsync(long request, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                bool inTime = await CancelScope.MoveOnAfterAsync(s_patience, ct => AskAsync(request, ct), cancellationToken);
                if (inTime)
                {
                    return;
                }
            }
            catch (Exception e) when (e is SocketException or EndOfStreamException)
            {
                await Clock.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }
    }

    private static async Fiber AskAsync(long request, CancellationToken cancellationToken)
    {
        using TcpStream stream = await TcpStream.ConnectAsync("server", Port, cancellationToken);
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, request);
        await stream.WriteAsync(bytes, cancellationToken);
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        Assert.Equal(request, BinaryPrimitives.ReadInt64LittleEndian(bytes));
    }

    private async Fiber AnswerAsync(TcpStream stream, CancellationToken cancellationToken)
    {
        var bytes = new byte[8];
        try
        {
            await stream.ReadExactlyAsync(bytes, cancellationToken);
            if (_seen.Add(BinaryPrimitives.ReadInt64LittleEndian(bytes)) || !knowsWhatItHasSeen)
            {
                Count++;
            }

            await stream.WriteAsync(bytes, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or EndOfStreamException)
        {
            // The client tries again.
        }
    }
}
