using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net;

public sealed class AddressTests
{
    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1", 8080)]
    [InlineData("0.0.0.0:0", "0.0.0.0", 0)]
    [InlineData("[::1]:65535", "::1", 65535)]
    [InlineData("[::]:80", "::", 80)]
    [InlineData("localhost:443", "127.0.0.1", 443)]
    public void An_address_and_a_port_are_read(string text, string address, int port) =>
        Assert.Equal(new IPEndPoint(IPAddress.Parse(address), port), Address.Parse(text));

    [Fact]
    public void A_star_is_every_address_of_the_machine() =>
        Assert.Equal(new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 80), Address.Parse("*:80"));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:http")]
    [InlineData("localhost")]
    public void Without_a_port_the_error_says_how_to_write_one(string text) =>
        Assert.Contains(
            "Write the address, a colon and the port", Assert.Throws<FormatException>(() => Address.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("example.org:80")]
    [InlineData("::1:80")]
    [InlineData(":80")]
    [InlineData("[::1:80")]
    public void Other_names_are_no_addresses(string text) =>
        Assert.Contains(
            "no address of this machine", Assert.Throws<FormatException>(() => Address.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Nothing_is_a_mistake_of_its_own() => Assert.Throws<ArgumentException>(() => Address.Parse(string.Empty));
}
