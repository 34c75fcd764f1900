using System.Net;
using Treeline.IO;
using Treeline.Net;

namespace SocketStress;

/// <summary>Where conversations begin: a listener, and how to get a connection to it.</summary>
internal sealed class Door : IDisposable
{
    private readonly IDisposable _listener;

    private Door(
        IDisposable listener, Func<CancellationToken, ValueTask<ByteStream>> acceptAsync, Func<CancellationToken, ValueTask<ByteStream>> connectAsync)
    {
        _listener = listener;
        AcceptAsync = acceptAsync;
        ConnectAsync = connectAsync;
    }

    public Func<CancellationToken, ValueTask<ByteStream>> AcceptAsync { get; }

    public Func<CancellationToken, ValueTask<ByteStream>> ConnectAsync { get; }

    public static Door OverTcp()
    {
        TcpListener listener = TcpListener.Bind("127.0.0.1:0");
        IPEndPoint endPoint = listener.LocalEndPoint;
        return new Door(
            listener,
            async ct => await listener.AcceptAsync(ct),
            async ct => await TcpStream.ConnectAsync(endPoint, ct));
    }

    public static Door OverUnix()
    {
        UnixListener listener = UnixListener.Bind(Path.Combine(Path.GetTempPath(), $"storm-{Guid.NewGuid():N}"));
        return new Door(
            listener,
            async ct => await listener.AcceptAsync(ct),
            async ct => await UnixStream.ConnectAsync(listener.Path, ct));
    }

    public void Dispose() => _listener.Dispose();
}
