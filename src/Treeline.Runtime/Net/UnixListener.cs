using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Treeline.IO;

namespace Treeline.Net;

/// <summary>Takes connections over a Unix domain socket, at a path.</summary>
/// <remarks>
/// The path is a file as long as the listener lives; who may connect, its permissions and those of its directory say. A process
/// that is killed leaves the file behind: <see cref="Bind"/> removes it if nobody listens there any more. On Linux a path that begins
/// with a zero character is a name without a file.
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class UnixListener : IDisposable
{
    // As that of TcpListenOptions.
    private const int Backlog = 1024;

    private readonly ListenSocket _socket;
    private bool _isDisposed;

    private UnixListener(ListenSocket socket, string path)
    {
        _socket = socket;
        Path = path;
    }

    /// <summary>Where it listens.</summary>
    public string Path { get; }

    /// <summary>Listens. A file left behind by a listener that is gone is replaced.</summary>
    /// <param name="path">Where; about 100 bytes at most.</param>
    /// <returns>The listener; dispose it to stop, and to remove the file.</returns>
    /// <exception cref="SocketException">Somebody listens there, the path is a file of another kind, or it is not allowed.</exception>
    public static UnixListener Bind(string path)
    {
        var endPoint = new UnixDomainSocketEndPoint(path);
        Network network = Network.OfCaller;
        try
        {
            return new UnixListener(network.Listen(endPoint, Backlog, reusePort: false), path);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse && IsStale(endPoint))
        {
            File.Delete(path);
            return new UnixListener(network.Listen(endPoint, Backlog, reusePort: false), path);
        }
    }

    /// <summary>Takes the next connection; waits for one if need be. Cancellation: a cancelled accept took none.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The connection, the caller's to dispose.</returns>
    /// <exception cref="SocketException">
    /// The process has no more descriptors, or the system no memory. The listener goes on: close something, or wait, and try again.
    /// </exception>
    /// <exception cref="InvalidOperationException">Another accept is in flight.</exception>
    /// <exception cref="ObjectDisposedException">The listener was disposed before or meanwhile.</exception>
    public ValueTask<UnixStream> AcceptAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<StreamSocket> accepting = _socket.AcceptAsync(cancellationToken);
        return accepting.IsCompletedSuccessfully
            ? new ValueTask<UnixStream>(new UnixStream(accepting.Result))
            : WrapAsync(accepting);
    }

    /// <summary>Takes a connection that is there.</summary>
    /// <param name="stream">The connection, the caller's to dispose.</param>
    /// <returns>False if none is.</returns>
    /// <exception cref="ObjectDisposedException">The listener was disposed.</exception>
    public bool TryAccept([NotNullWhen(true)] out UnixStream? stream)
    {
        stream = _socket.TryAccept(out StreamSocket? accepted) ? new UnixStream(accepted!) : null;
        return stream is not null;
    }

    /// <summary>
    /// That a connection is there, as one of several things to wait for; take it with <see cref="TryAccept"/>, which now and then finds
    /// none all the same: then wait again. One that loses has taken nothing.
    /// </summary>
    /// <returns>The case.</returns>
    public SelectCase AcceptCase() => _socket.AcceptableCase();

    /// <summary>
    /// Stops listening, and removes the file. An accept in flight ends with <see cref="ObjectDisposedException"/>. Connections
    /// accepted already go on.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        if (Path[0] != '\0')
        {
            // Before it is closed: the file of whoever listens there next would not be ours to remove.
            try
            {
                File.Delete(Path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next to listen there finds it stale, and says so if it cannot remove it.
            }
        }

        _socket.Dispose();
    }

    /// <summary>What it is.</summary>
    public override string ToString() => $"Unix listener on {Path}";

    /// <summary>True if there is a socket, and nobody behind it: as a connection to it is refused. That needs no waiting here.</summary>
    private static bool IsStale(UnixDomainSocketEndPoint endPoint)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(endPoint);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(endPoint.ToString());
        }
    }

    /// <summary>Connecting to a file of another kind is refused as well; but such a file can be opened.</summary>
    private static bool IsSocket(string path)
    {
        if (path[0] == '\0')
        {
            return false;
        }

        try
        {
            // For both, because opening a pipe for one of them would wait.
            using SafeFileHandle opened = File.OpenHandle(path, access: FileAccess.ReadWrite);
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException e)
        {
            return e is not (FileNotFoundException or DirectoryNotFoundException);
        }
    }

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private static async ValueTask<UnixStream> WrapAsync(ValueTask<StreamSocket> accepting) =>
        new(await accepting.ConfigureAwait(SchedulerContext.IsCurrent));
}
