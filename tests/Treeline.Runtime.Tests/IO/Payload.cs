namespace Treeline.Tests.IO;

/// <summary>Bytes of which each can be told from its neighbours.</summary>
internal static class Payload
{
    public static byte[] Of(int length, int seed = 1)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
