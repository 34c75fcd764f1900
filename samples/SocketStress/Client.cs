using System.Buffers.Binary;
using Treeline;
using Treeline.IO;

namespace SocketStress;

/// <summary>The client's part of a conversation: sends, reads the answers at the same time, and looks at each byte of them.</summary>
internal static class Client
{
    public static async Fiber ConverseAsync(Door door, Plan plan, int seed, CancellationToken ct)
    {
        var random = new Random(seed);
        try
        {
            if (plan.Ending == Ending.Cancelled)
            {
                await CancelScope.MoveOnAfterAsync(
                    TimeSpan.FromMicroseconds(random.Next(1, 20_000)), async soon => await ConnectAsync(door, plan, random, soon), ct);
            }
            else
            {
                await ConnectAsync(door, plan, random, ct);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new StormException($"The client, in {plan}: {e.Message}", e);
        }
    }

    private static async Fiber ConnectAsync(Door door, Plan plan, Random random, CancellationToken ct)
    {
        using ByteStream stream = await door.ConnectAsync(ct);
        byte[] header = new byte[Plan.HeaderSize];
        plan.WriteTo(header);
        await stream.WriteAsync(header, ct);
        var (sending, receiving) = (new Random(random.Next()), new Random(random.Next()));
        await TaskScope.RunAsync(
            async scope =>
            {
                scope.Spawn(async token => await UntilTheEnd(SendAsync(stream, plan, sending, token), plan));
                scope.Spawn(async token => await UntilTheEnd(ReceiveAsync(stream, plan, receiving, token), plan));
            },
            ct);
    }

    private static async Fiber UntilTheEnd(Fiber part, Plan plan)
    {
        try
        {
            await part;
        }
        catch (ObjectDisposedException) when (plan.Ending is Ending.ClientResets or Ending.ClientLeaves)
        {
        }
        catch (Exception e) when (plan.Ending is Ending.ServerResets or Ending.Silence && Gone.Is(e))
        {
        }
    }

    private static async Fiber SendAsync(ByteStream stream, Plan plan, Random random, CancellationToken ct)
    {
        var writer = new PatientStream(stream, plan.GivesUp, random);
        byte[] buffer = new byte[random.Next(1, 16_384)];
        int end = plan.Ending is Ending.ClientResets or Ending.ClientLeaves or Ending.Silence ? plan.Turn : plan.Length;
        int count;
        for (int position = 0; position < end; position += count)
        {
            count = Math.Min(random.Next(1, buffer.Length + 1), end - position);
            plan.Content.Fill(buffer.AsSpan(0, count), position);
            await writer.WriteAsync(buffer.AsMemory(0, count), ct);
        }

        switch (plan.Ending)
        {
            case Ending.ClientResets:
                stream.Abort();
                break;
            case Ending.ClientLeaves:
                stream.Dispose();
                break;
            case Ending.Silence:
                break;
            default:
                stream.Shutdown();
                break;
        }
    }

    private static async Fiber ReceiveAsync(ByteStream stream, Plan plan, Random random, CancellationToken ct)
    {
        var reader = new PatientStream(stream, plan.GivesUp, random);
        byte[] buffer = new byte[random.Next(1, 16_384)];
        byte[] checksum = new byte[sizeof(ulong)];
        int position = 0;
        int count;
        while ((count = await reader.ReadAsync(buffer, ct)) > 0)
        {
            int answers = Math.Clamp(plan.Length - position, 0, count);
            plan.Content.Check(buffer.AsSpan(0, answers), position);
            if (position + count > plan.Length + checksum.Length)
            {
                throw new StormException("More has come back than was sent.");
            }

            if (answers < count)
            {
                buffer.AsSpan(answers, count - answers).CopyTo(checksum.AsSpan(position + answers - plan.Length));
            }

            position += count;
        }

        if (plan.Ending == Ending.Whole)
        {
            Verify(plan, position, BinaryPrimitives.ReadUInt64LittleEndian(checksum));
        }
    }

    private static void Verify(Plan plan, int received, ulong checksum)
    {
        byte[] content = new byte[plan.Length];
        plan.Content.Fill(content, 0);
        var expected = new Checksum();
        expected.Add(content);
        if (received != plan.Length + sizeof(ulong) || checksum != expected.Value)
        {
            throw new StormException(
                $"{received} bytes have come back of {plan.Length} and a checksum, which is {checksum:X} and should be {expected.Value:X}.");
        }
    }
}
