using Treeline;
using Treeline.IO;

namespace SocketStress;

/// <summary>
/// Reads and writes that are given up now and then, in each of the ways there are, and tried again. None of them may have moved a
/// byte then.
/// </summary>
internal sealed class PatientStream(ByteStream stream, int givesUp, Random random)
{
    public async Fiber<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        while (true)
        {
            switch (NextWay())
            {
                case 0:
                    using (CancellationTokenSource limit = SoonCancelled(ct))
                    {
                        try
                        {
                            return await stream.ReadAsync(buffer, limit.Token);
                        }
                        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
                        {
                        }
                    }

                    break;

                case 1:
                    try
                    {
                        return await CancelScope.WithTimeoutAsync(Moment(), soon => stream.ReadAsync(buffer, soon), ct);
                    }
                    catch (TimeoutException)
                    {
                    }

                    break;

                case 2:
                    bool isReadable = await new Select<bool>()
                        .On(stream.ReadableCase(), static () => true)
                        .On(Clock.DelayCase(Moment()), static () => false)
                        .WaitAsync(ct);
                    if (isReadable && stream.TryRead(buffer.Span, out int read))
                    {
                        return read;
                    }

                    break;

                case 3:
                    int seen = await stream.PeekAsync(buffer, ct);
                    byte first = buffer.Span[0];
                    int count = await stream.ReadAsync(buffer, ct);
                    if (count < seen || (seen > 0 && buffer.Span[0] != first))
                    {
                        throw new StormException($"A peek saw {seen} bytes that begin with {first}, the read then {count} that begin with {buffer.Span[0]}.");
                    }

                    return count;

                default:
                    return await stream.ReadAsync(buffer, ct);
            }
        }
    }

    /// <summary>Writes all of the bytes.</summary>
    public async Fiber WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (bytes.Length > 0)
        {
            switch (NextWay())
            {
                case 0:
                    using (CancellationTokenSource limit = SoonCancelled(ct))
                    {
                        try
                        {
                            bytes = bytes[await stream.WriteSomeAsync(bytes, limit.Token)..];
                        }
                        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
                        {
                        }
                    }

                    break;

                case 1:
                    try
                    {
                        ReadOnlyMemory<byte> rest = bytes;
                        bytes = bytes[await CancelScope.WithTimeoutAsync(Moment(), soon => stream.WriteSomeAsync(rest, soon), ct)..];
                    }
                    catch (TimeoutException)
                    {
                    }

                    break;

                case 2:
                    await stream.WritableAsync(ct);
                    if (stream.TryWrite(bytes.Span, out int written))
                    {
                        bytes = bytes[written..];
                    }

                    break;

                case 3:
                    int half = bytes.Length / 2;
                    await stream.WriteAsync([bytes[..half], bytes[half..]], ct);
                    return;

                default:
                    await stream.WriteAsync(bytes, ct);
                    return;
            }
        }
    }

    // 0 to 3: one of the ways to give up or to do it otherwise.
    private int NextWay() => givesUp == 0 || random.Next(givesUp) > 0 ? -1 : random.Next(4);

    private TimeSpan Moment() => TimeSpan.FromMicroseconds(random.Next(1, 3000));

    private CancellationTokenSource SoonCancelled(CancellationToken ct)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(ct);
        source.CancelAfter(TimeSpan.FromMilliseconds(random.Next(1, 4)));
        return source;
    }
}
