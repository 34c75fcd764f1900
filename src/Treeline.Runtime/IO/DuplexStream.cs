namespace Treeline.IO;

/// <summary>
/// One end of an in-memory connection; see <see cref="Duplex.CreatePair"/>. It behaves as one end of a socket does: half-closing,
/// waiting when the other end does not read, and the reset that the other end sees when bytes were left unread.
/// </summary>
public sealed class DuplexStream : ByteStream
{
    internal DuplexStream(DuplexSocket socket)
        : base(socket)
    {
    }
}
