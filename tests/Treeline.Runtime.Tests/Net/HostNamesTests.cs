using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net;

public sealed class HostNamesTests : TreeTest
{
    [Fact]
    public Task This_machine_has_an_address() => InTime(async () =>
        Assert.Contains(await HostNames.ResolveAsync("localhost"), static address => IPAddress.IsLoopback(address)));

    [Fact]
    public Task An_address_is_its_own() => InTime(async () =>
        Assert.Equal([IPAddress.Parse("192.0.2.1")], await HostNames.ResolveAsync("192.0.2.1")));

    [Fact]
    public Task A_token_that_is_cancelled_already_comes_first() => InTime(async () =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await HostNames.ResolveAsync("localhost", new CancellationToken(canceled: true))));

    [Fact]
    public Task A_network_may_know_names_of_its_own() => InTime(async () =>
    {
        using var network = new NetworkOf(name => name == "db" ? [IPAddress.Parse("127.0.0.9")] : []);
        await network.RunAsync(async () =>
        {
            Assert.Equal([IPAddress.Parse("127.0.0.9")], await HostNames.ResolveAsync("db"));
            Assert.Equal(
                SocketError.HostNotFound,
                (await Assert.ThrowsAsync<SocketException>(async () => await TcpStream.ConnectAsync("nobody", 80))).SocketErrorCode);
        });
    });
}
