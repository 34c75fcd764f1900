using System.Buffers.Binary;
using Treeline;
using Treeline.IO;

namespace SocketStress;

/// <summary>Answers each byte with itself, and at the end with the checksum of all; looks at each whether it is the one that should come.</summary>
internal static class Server
{
    /// <summary>Until the door is disposed.</summary>
    public static async Fiber ServeAsync(TaskScope scope, Door door, CancellationToken ct)
    {
        while (true)
        {
            ByteStream accepted;
            try
            {
                accepted = await door.AcceptAsync(ct);
            }
            catch (ObjectDisposedException)
            {
                return;
            }

            scope.Spawn(async token =>
            {
                using ByteStream stream = accepted;
                await ConverseAsync(stream, token);
            });
        }
    }

    private static async Fiber ConverseAsync(ByteStream stream, CancellationToken ct)
    {
        byte[] header = new byte[Plan.HeaderSize];
        try
        {
            await stream.ReadExactlyAsync(header, ct);
        }
        catch (Exception e) when (Gone.Is(e))
        {
            return; // a client whose time was over
        }

        Plan plan = Plan.ReadFrom(header);
        try
        {
            await AnswerAsync(stream, plan, ct);
        }
        catch (TimeoutException) when (plan.Ending == Ending.Silence)
        {
        }
        catch (Exception e) when (plan.Ending != Ending.Whole && Gone.Is(e))
        {
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new StormException($"The server, in {plan}: {e.Message}", e);
        }
    }

    private static async Fiber AnswerAsync(ByteStream stream, Plan plan, CancellationToken ct)
    {
        byte[] buffer = new byte[8192];
        var checksum = new Checksum();
        long position = 0;
        int count;
        while ((count = await CancelScope.WithTimeoutAsync(plan.IdleLimit, soon => stream.ReadAsync(buffer, soon), ct)) > 0)
        {
            plan.Content.Check(buffer.AsSpan(0, count), position);
            checksum.Add(buffer.AsSpan(0, count));
            position += count;
            if (plan.Ending == Ending.ServerResets && position > plan.Turn)
            {
                stream.Abort();
                return;
            }

            await stream.WriteAsync(buffer.AsMemory(0, count), ct);
        }

        if (position == plan.Length)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(buffer, checksum.Value);
            await stream.WriteAsync(buffer.AsMemory(0, sizeof(ulong)), ct);
            stream.Shutdown();
        }
        else if (plan.Ending == Ending.Whole)
        {
            throw new StormException($"{position} of {plan.Length} bytes have come, and then the end.");
        }
    }
}
