using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Treeline.Net;

/// <summary>Reads what people write where an address is meant: <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>localhost:0</c>, <c>*:80</c>.</summary>
internal static class Address
{
    /// <summary>The end point that <paramref name="text"/> means; the name <c>localhost</c> is IPv4's loopback, <c>*</c> any address of the machine.</summary>
    /// <exception cref="FormatException">It is none; the message says what would be.</exception>
    public static IPEndPoint Parse(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        int colon = text.LastIndexOf(':');
        ReadOnlySpan<char> host = text.AsSpan(0, Math.Max(colon, 0));
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new FormatException(
                $"'{text}' has no port. Write the address, a colon and the port, such as 127.0.0.1:8080; port 0 is any that is free.");
        }

        return TryParseHost(host, out IPAddress? address)
            ? new IPEndPoint(address, port)
            : throw new FormatException(
                $"'{host}' in '{text}' is no address of this machine. Write 127.0.0.1, [::1], localhost, or * for all of them.");
    }

    private static bool TryParseHost(ReadOnlySpan<char> host, [NotNullWhen(true)] out IPAddress? address)
    {
        switch (host)
        {
            case "localhost":
                address = IPAddress.Loopback;
                return true;
            case "*":
                address = System.Net.Sockets.Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
                return true;
            case ['[', .. ReadOnlySpan<char> inner, ']']:
                return IPAddress.TryParse(inner, out address);
            default:
                address = null;
                return !host.Contains(':') && IPAddress.TryParse(host, out address);
        }
    }
}
