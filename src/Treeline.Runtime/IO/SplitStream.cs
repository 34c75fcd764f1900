using System.Net.Sockets;

namespace Treeline.IO;

/// <summary>What the two halves of a stream share: which of them are still in use.</summary>
/// <remarks>
/// <b>Protocol.</b> <c>_ended</c> holds a bit for each half; both are set when the halves are reunited. Bits are only set, by an
/// atomic or, and whoever sets the second of two closes the stream: so it is closed once, and never while a half is in use.
/// </remarks>
internal sealed class SplitStream(ByteStream stream)
{
    public const int Read = 1;
    public const int Write = 2;
    private const int Both = Read | Write;

    private int _ended;

    public ByteStream Stream => stream;

    /// <summary>The stream, for an operation of a half.</summary>
    /// <param name="half">Which.</param>
    /// <exception cref="ObjectDisposedException">The half is disposed, or was given back.</exception>
    public ByteStream For(int half)
    {
        ObjectDisposedException.ThrowIf((Volatile.Read(ref _ended) & half) != 0, half == Read ? typeof(ReadHalf) : typeof(WriteHalf));
        return stream;
    }

    /// <summary>A half is disposed.</summary>
    public void End(int half)
    {
        int before = Interlocked.Or(ref _ended, half);
        if ((before & half) != 0)
        {
            return;
        }

        if (before != 0)
        {
            stream.Dispose();
        }
        else if (half == Write)
        {
            ShutDown();
        }
    }

    /// <summary>Both halves become the stream again. False if one of them is disposed.</summary>
    public bool TryReunite()
    {
        if (Interlocked.CompareExchange(ref _ended, Both, 0) != 0)
        {
            return false;
        }

        stream.Reunite();
        return true;
    }

    private void ShutDown()
    {
        try
        {
            stream.Shutdown();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection is gone already, and with it whoever was to be told. Disposing does not throw.
        }
    }
}
