using Treeline.IO;

namespace Treeline.Tests.IO;

public sealed class BufferTailTests
{
    [Fact]
    public void Any_number_of_bytes_can_be_skipped()
    {
        byte[] all = Payload.Of(20);
        ReadOnlyMemory<byte>[] pieces = [default, all.AsMemory(0, 3), all.AsMemory(3, 1), default, all.AsMemory(4, 16), default];
        for (int first = 0; first <= all.Length; first++)
        {
            for (int second = 0; first + second <= all.Length; second++)
            {
                var tail = new BufferTail(pieces);
                tail.Skip(first);
                tail.Skip(second);

                Assert.Equal(all[(first + second)..], tail.SelectMany(static piece => piece.ToArray()));
                Assert.Equal(first + second == all.Length, tail.Count == 0);
                Assert.Equal(tail.Count, tail.AsEnumerable().Select(static piece => piece).Count());
            }
        }
    }
}
