using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Treeline.Tests.Net.Conformance;

/// <summary>Answers no connection: its backlog is full.</summary>
internal sealed class StallingListener : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _filling = [];

    public StallingListener()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(0);

        // Until one does not get through: how many do is the system's affair.
        var patience = Stopwatch.StartNew();
        while (true)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _filling.Add(socket);
            Task connected = socket.ConnectAsync(EndPoint);
            if (!connected.Wait(TimeSpan.FromMilliseconds(200)))
            {
                connected.ContinueWith(static each => _ = each.Exception, TaskScheduler.Default);
                return;
            }

            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "The backlog takes every connection.");
        }
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    public void Dispose()
    {
        _filling.ForEach(static socket => socket.Dispose());
        _listener.Dispose();
    }
}
