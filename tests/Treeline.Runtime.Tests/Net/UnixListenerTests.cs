using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net;

public sealed class UnixListenerTests : TreeTest, IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"treeline-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public Task It_takes_connections_at_its_path() => InTime(async () =>
    {
        using UnixListener listener = UnixListener.Bind(_path);
        Assert.Equal(_path, listener.Path);
        Assert.Equal($"Unix listener on {_path}", listener.ToString());
        Assert.False(listener.TryAccept(out _));
        ValueTask<UnixStream> accepting = listener.AcceptAsync();
        using UnixStream client = await UnixStream.ConnectAsync(_path);
        using UnixStream server = await accepting;
        Assert.Equal(_path, client.RemotePath);
        Assert.Equal(_path, server.LocalPath);
        Assert.Null(client.LocalPath);
        Assert.Null(server.RemotePath);
        Assert.Equal($"Unix (no name) → {_path}", client.ToString());
        await client.WriteAsync("hello"u8.ToArray());
        byte[] buffer = new byte[5];
        await server.ReadExactlyAsync(buffer);
        Assert.Equal("hello"u8, buffer);
    });

    [Fact]
    public Task A_connection_or_something_else() => InTime(async () =>
    {
        using UnixListener listener = UnixListener.Bind(_path);
        ValueTask<int> waiting = new Select<int>().On(listener.AcceptCase(), static () => 1).WaitAsync();
        using UnixStream client = await UnixStream.ConnectAsync(_path);
        Assert.Equal(1, await waiting);
        UnixStream? server;
        while (!listener.TryAccept(out server))
        {
            await new Select<int>().On(listener.AcceptCase(), static () => 1).WaitAsync();
        }

        server.Dispose();
    });

    [Fact]
    public Task The_file_goes_with_the_listener() => InTime(async () =>
    {
        UnixListener listener = UnixListener.Bind(_path);
        Assert.True(File.Exists(_path));
        listener.Dispose();
        Assert.False(File.Exists(_path));
        await Assert.ThrowsAsync<SocketException>(async () => await UnixStream.ConnectAsync(_path));
        listener.Dispose();
    });

    [Fact]
    public void Where_somebody_listens_nobody_else_can()
    {
        using UnixListener listener = UnixListener.Bind(_path);
        SocketException e = Assert.Throws<SocketException>(() => UnixListener.Bind(_path));
        Assert.Equal(SocketError.AddressAlreadyInUse, e.SocketErrorCode);
        Assert.True(File.Exists(_path));
    }

    [Fact]
    public Task A_file_left_behind_is_replaced() => InTime(async () =>
    {
        LeaveBehind();
        using UnixListener listener = UnixListener.Bind(_path);
        ValueTask<UnixStream> accepting = listener.AcceptAsync();
        using UnixStream client = await UnixStream.ConnectAsync(_path);
        using UnixStream server = await accepting;
    });

    [Fact]
    public void A_file_that_is_no_socket_is_left_alone()
    {
        File.WriteAllText(_path, string.Empty);
        SocketException e = Assert.Throws<SocketException>(() => UnixListener.Bind(_path));
        Assert.Equal(SocketError.AddressAlreadyInUse, e.SocketErrorCode);
        Assert.True(File.Exists(_path));
    }

    [Fact]
    public Task A_name_without_a_file_needs_no_tidying() => InTime(async () =>
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        string name = $"\0treeline-{Guid.NewGuid():N}";
        using UnixListener listener = UnixListener.Bind(name);
        ValueTask<UnixStream> accepting = listener.AcceptAsync();
        using UnixStream client = await UnixStream.ConnectAsync(name);
        (await accepting).Dispose();
    });

    /// <summary>As a process does that is killed: the file stays, the socket goes.</summary>
    private void LeaveBehind()
    {
        string elsewhere = _path + "-bound";
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(elsewhere));
            socket.Listen();

            // .NET removes the file that it has bound, so it is given another name before.
            File.Move(elsewhere, _path);
        }

        Assert.True(File.Exists(_path));
    }
}
