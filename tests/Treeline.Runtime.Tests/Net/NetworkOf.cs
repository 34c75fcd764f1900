using System.Net;
using Treeline.Drivers;
using Treeline.Net;

namespace Treeline.Tests.Net;

/// <summary>The sockets of .NET, with names of a test's own, and an account of the connections that were opened.</summary>
internal sealed class NetworkOf(Func<string, IPAddress[]> resolve) : Network, IDisposable
{
    private readonly PortableNetwork _network = new(Executor.ThreadPool);
    private readonly List<EndPoint> _dialled = [];

    public override string Name => "of a test";

    public List<EndPoint> Dialled
    {
        get
        {
            lock (_dialled)
            {
                return [.. _dialled];
            }
        }
    }

    /// <summary>Runs code that finds this network.</summary>
    public Task RunAsync(Func<Task> code) => Simulated.RunAsync(this, code);

    public override ListenSocket Listen(EndPoint endPoint, int backlog, bool reusePort) =>
        _network.Listen(endPoint, backlog, reusePort);

    public override ValueTask<StreamSocket> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        lock (_dialled)
        {
            _dialled.Add(endPoint);
        }

        return _network.ConnectAsync(endPoint, cancellationToken);
    }

    public override DatagramSocket Bind(IPEndPoint endPoint, bool reusePort) => _network.Bind(endPoint, reusePort);

    public override ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken) => new(resolve(host));

    public void Dispose() => _network.Dispose();
}
