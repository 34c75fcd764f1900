using System.Net;
using Treeline.IO;
using Treeline.Net;

namespace Treeline.Tests.IO;

/// <summary>Both ends of a connection for a test: in memory, where a capacity can make them wait, or over TCP.</summary>
internal sealed class Ends(ByteStream here, ByteStream there) : IDisposable
{
    public const string Memory = "memory";
    public const string Tcp = "tcp";

    public ByteStream Here => here;

    public ByteStream There => there;

    /// <summary>In memory; each direction holds <paramref name="capacity"/> bytes.</summary>
    public static Ends InMemory(int capacity = 64 * 1024)
    {
        (DuplexStream first, DuplexStream second) = Duplex.CreatePair(capacity);
        return new Ends(first, second);
    }

    public static async Task<Ends> OpenAsync(string kind)
    {
        if (kind == Memory)
        {
            return InMemory();
        }

        using var listener = TcpListener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        ValueTask<TcpStream> accepted = listener.AcceptAsync();
        TcpStream client = await TcpStream.ConnectAsync(listener.LocalEndPoint);
        return new Ends(client, await accepted);
    }

    public void Deconstruct(out ByteStream first, out ByteStream second) => (first, second) = (here, there);

    public void Dispose()
    {
        here.Dispose();
        there.Dispose();
    }
}
