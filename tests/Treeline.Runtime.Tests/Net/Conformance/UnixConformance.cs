using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>The contract of connections over Unix domain sockets, as far as they differ from those over TCP.</summary>
public abstract class UnixConformance<TNetwork> : ConformanceTest<TNetwork>
    where TNetwork : NetworkUnderTest, new()
{
    private Task AtPath(Func<Network, UnixDomainSocketEndPoint, Task> test) => OnSystem(async network =>
    {
        string path = Path.Combine(Path.GetTempPath(), $"treeline-{Guid.NewGuid():N}");
        try
        {
            await test(network, new UnixDomainSocketEndPoint(path));
        }
        finally
        {
            File.Delete(path);
        }
    });

    [Fact]
    public Task Bytes_go_both_ways_and_come_to_an_end() => AtPath(async (network, path) =>
    {
        using ListenSocket listener = network.Listen(path, 16, reusePort: false);
        Assert.Equal(path.ToString(), listener.LocalEndPoint.ToString());
        using Connection connection = await Connection.OpenAsync(network, listener);
        Assert.Equal(path.ToString(), connection.Client.RemoteEndPoint?.ToString());
        Assert.Equal(path.ToString(), connection.Server.LocalEndPoint?.ToString());
        Assert.Null(connection.Client.LocalEndPoint);
        Assert.Null(connection.Server.RemoteEndPoint);
        ValueTask<int> reading = connection.Server.ReadAsync(new byte[1], default);
        await connection.Client.WriteAllAsync(s_hello.AsMemory(0, 1));
        Assert.Equal(1, await reading);
        connection.Client.ShutdownSend();
        Assert.Equal(0, await connection.Server.ReadAsync(new byte[1], default));
        await connection.Server.WriteAllAsync(s_hello);
        Assert.Equal(s_hello, await connection.Client.ReadExactlyAsync(s_hello.Length));
        connection.Server.Dispose();
        Assert.Equal(0, await connection.Client.ReadAsync(new byte[1], default));
    });

    [Fact]
    public Task A_write_that_finds_no_room_waits_for_some() => AtPath(async (network, path) =>
    {
        using ListenSocket listener = network.Listen(path, 16, reusePort: false);
        using Connection connection = await Connection.OpenAsync(network, listener);
        long position = await connection.Client.FillUpAsync();
        ValueTask<int> writing = connection.Client.WriteAsync(Transfer.Bytes(position, 100_000), default);
        Assert.False(writing.IsCompleted);
        Task<long> draining = connection.Server.ReadToEndAsync();
        int written = await writing;
        connection.Client.Dispose();
        Assert.Equal(position + written, await draining);
    });

    [Fact]
    public Task Where_nobody_listens_the_error_is_that_of_sockets_of_NET() => AtPath(async (network, path) =>
    {
        await SameAsync();
        using (var bound = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            bound.Bind(path);
            await SameAsync();
            Assert.Equal(SocketError.ConnectionRefused, await ErrorOf(async () => await network.ConnectAsync(path, default)));
        }

        async Task SameAsync()
        {
            using var plain = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            SocketError expected = await ErrorOf(() => plain.ConnectAsync(path));
            Assert.Equal(expected, await ErrorOf(async () => await network.ConnectAsync(path, default)));
        }
    });

    [Fact]
    public Task A_path_that_is_taken_is_an_error_that_names_it() => AtPath((network, path) =>
    {
        using ListenSocket listener = network.Listen(path, 16, reusePort: false);
        SocketException e = Assert.Throws<SocketException>(() => network.Listen(path, 16, reusePort: false));
        Assert.Equal(SocketError.AddressAlreadyInUse, e.SocketErrorCode);
        Assert.Contains(path.ToString(), e.Message, StringComparison.Ordinal);
        return Task.CompletedTask;
    });
}
