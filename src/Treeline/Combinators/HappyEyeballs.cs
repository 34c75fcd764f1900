using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// Connects to a host that has several addresses without waiting for those that do not answer: Happy Eyeballs, RFC 8305.
/// </summary>
/// <remarks>
/// The addresses are tried in the order in which the system gives them, the families in turn, the next when the one
/// before has failed or has not answered for 250 ms. The first connection counts; the others are cancelled and closed. The
/// system's resolver gives the addresses of both families at once, so the resolution delay of the RFC (section 3) does not
/// arise.
/// </remarks>
public static class HappyEyeballs
{
    // Section 5: "a recommended value for a default delay is 250 milliseconds".
    private static readonly TimeSpan s_attemptDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Opens a TCP connection to <paramref name="host"/>.
    /// Cancellation: attempts are cancelled, and their sockets closed; then <see cref="OperationCanceledException"/> surfaces.
    /// </summary>
    /// <param name="host">A name, or an address.</param>
    /// <param name="port">The port, 1 to 65535.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>
    /// The connected socket, the caller's to dispose; it sends small packets at once (<see cref="Socket.NoDelay"/>). For a
    /// stream: <c>new NetworkStream(socket, ownsSocket: true)</c>.
    /// </returns>
    /// <exception cref="SocketException">The name has no address, or the one address there is did not answer.</exception>
    /// <exception cref="ScopeException">None of the addresses could be connected to: why not, for each.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The port is none.</exception>
    public static Task<Socket> ConnectAsync(
        string host,
        int port,
        CancellationToken cancellationToken = default,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        ConnectAsync(
            host, port, Dns.GetHostAddressesAsync, DialAsync, null, new Combination(nameof(HappyEyeballs), file, line), cancellationToken);

    /// <summary>As the public one, for connections of any kind, with everything that is outside: the resolver, what connects to an address, the clock (null: the enclosing scope's).</summary>
    internal static Task<TConnection> ConnectAsync<TConnection>(
        string host,
        int port,
        Func<string, CancellationToken, Task<IPAddress[]>> resolve,
        Func<IPEndPoint, CancellationToken, Task<TConnection>> dial,
        TimeProvider? clock,
        Combination combination,
        CancellationToken cancellationToken)
        where TConnection : class, IDisposable
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        return ConnectToAnyAsync(host, port, resolve, dial, clock, combination, cancellationToken);
    }

    /// <summary>The families in turn, beginning with that of the first; else the order stays (RFC 8305, section 4).</summary>
    internal static IEnumerable<IPAddress> Interleave(IReadOnlyList<IPAddress> addresses)
    {
        if (addresses.Count == 0)
        {
            yield break;
        }

        AddressFamily first = addresses[0].AddressFamily;
        using IEnumerator<IPAddress> ones = addresses.Where(address => address.AddressFamily == first).GetEnumerator();
        using IEnumerator<IPAddress> others = addresses.Where(address => address.AddressFamily != first).GetEnumerator();
        bool more = true;
        while (more)
        {
            more = false;
            foreach (IEnumerator<IPAddress> family in (IEnumerator<IPAddress>[])[ones, others])
            {
                if (family.MoveNext())
                {
                    more = true;
                    yield return family.Current;
                }
            }
        }
    }

    private static async Task<TConnection> ConnectToAnyAsync<TConnection>(
        string host,
        int port,
        Func<string, CancellationToken, Task<IPAddress[]>> resolve,
        Func<IPEndPoint, CancellationToken, Task<TConnection>> dial,
        TimeProvider? clock,
        Combination combination,
        CancellationToken cancellationToken)
        where TConnection : class, IDisposable
    {
        IPAddress[] addresses = await resolve(host, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound, $"'{host}' has no address.");
        }

        IPEndPoint[] targets = [.. Interleave(addresses).Select(address => new IPEndPoint(address, port))];
        var connected = new List<TConnection>();
        TConnection? winner = null;
        try
        {
            return winner = await Concurrently.StaggeredRace<TConnection>(
                Array.ConvertAll(targets, target => (Delegate)Attempt(target)),
                Array.ConvertAll(targets, static target => target.ToString()),
                s_attemptDelay,
                clock,
                combination,
                cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
        }
        finally
        {
            // All attempts have ended: what is in the list is all there is. Losers may have connected just the same.
            foreach (TConnection connection in connected)
            {
                if (connection != winner)
                {
                    connection.Dispose();
                }
            }
        }

        Func<CancellationToken, Task<TConnection>> Attempt(IPEndPoint target) => async token =>
        {
            TConnection connection;
            try
            {
                connection = await dial(target, token).ConfigureAwait(SchedulerContext.IsCurrent);
            }
            catch (SocketException) when (token.IsCancellationRequested)
            {
                // It would have lost anyway, and that it could not connect is no failure of cleaning up.
                throw new OperationCanceledException(token);
            }

            lock (connected)
            {
                connected.Add(connection);
            }

            return connection;
        };
    }

    internal static async Task<Socket> DialAsync(IPEndPoint target, CancellationToken cancellationToken)
    {
        var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(target, cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
