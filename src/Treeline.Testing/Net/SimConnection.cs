using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Testing;

#pragma warning disable CA1001 // Each end belongs to the program that was given it.

/// <summary>A simulated connection, from the asking for it on.</summary>
/// <remarks>
/// As TCP: asking and accepting take the way there and back; who asked may send then, and the listener has the connection when that
/// arrives. A listener that is full does not answer, and is asked again.
/// <para><b>Protocol.</b> <c>_gate</c> owns <c>_asking</c>: who waits for the connection. Whoever claims it decides what came of it;
/// given up, what was begun is closed. <c>IsOpen</c> changes once, before who asked can know of it.</para>
/// </remarks>
internal sealed class SimConnection : IWaitQueue
{
    // Linux doubles a second (the initial timeout of RFC 6298) from one asking to the next; that changes no test's outcome.
    private static readonly TimeSpan s_askAgainAfter = TimeSpan.FromSeconds(1);

    // As many bytes as Linux gives a socket at first, roughly (tcp_rmem).
    private const int Capacity = 128 * 1024;
    private const int MostAskings = 127;

    private readonly SimHost _server;
    private readonly EndPoint _target;
    private readonly SimSocket _near;
    private readonly SimSocket _far;
    private readonly SimLane _there;
    private readonly SimLane _back;
    private readonly string _client;
    private Gate _gate;
    private Waiter<StreamSocket>? _asking;
    private volatile bool _isOpen;
    private int _askings;

    /// <param name="client">Who asks.</param>
    /// <param name="local">From where.</param>
    /// <param name="server">Who is asked.</param>
    /// <param name="target">Where.</param>
    public SimConnection(SimHost client, EndPoint local, SimHost server, EndPoint target)
    {
        Link = client.Net.Link(client, server);
        _server = server;
        _target = target;
        _client = client.Name;
        _there = new SimLane(this, client, Capacity, $"{local}", $"{target}");
        _back = new SimLane(this, server, Capacity, $"{target}", $"{local}");
        IO.DuplexLane.Join(_there, _back);
        _near = new SimSocket(this, client, local, target, _back, _there);
        _far = new SimSocket(this, server, target, local, _there, _back);
        client.Remember(_near);
    }

    /// <summary>Over which it goes.</summary>
    public SimLink Link { get; }

    /// <summary>Whether who asked has been told that it is there.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>Asks for it.</summary>
    public ValueTask<StreamSocket> OpenAsync(CancellationToken cancellationToken)
    {
        Waiter<StreamSocket> asking = Waiter<StreamSocket>.Rent(this, cancellationToken);
        asking.ResumeOn(Executor.Current);
        _asking = asking;
        _there.Post(SimNews.Ask);
        return asking.AsValueTask();
    }

    /// <summary>Something has arrived that is no bytes.</summary>
    public void Arrive(SimNews news)
    {
        switch (news)
        {
            case SimNews.Ask:
                Ask(_server.Listener(_target));
                break;
            case SimNews.Refuse:
                Fail(SocketError.ConnectionRefused, "nobody listens there");
                break;
            case SimNews.Accept:
                Accept();
                break;
            case SimNews.Open:
                _server.Remember(_far);
                if (_server.Listener(_target)?.TryPut(_far) != true)
                {
                    _far.Abort();
                }

                break;
            default:
                Cut();
                break;
        }
    }

    /// <summary>Breaks it, for both.</summary>
    public void Cut()
    {
        _there.Arrive(IO.DuplexNews.Reset, 0);
        _back.Arrive(IO.DuplexNews.Reset, 0);
    }

    /// <summary>What was sent over <paramref name="lane"/> has waited for too long.</summary>
    public void GiveUp(SimLane lane)
    {
        if (_isOpen)
        {
            (lane == _there ? _near : _far).Break(SocketError.TimedOut);
        }
        else
        {
            Fail(SocketError.TimedOut, "nobody answered");
        }
    }

    public override string ToString() => $"connect from {_near.LocalEndPoint} to {_target}";

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _asking = null;
        }

        _near.Abort();
    }

    /// <summary>Who asked is told what happened in place of a connection.</summary>
    public void Fail(SocketError error, string why)
    {
        Waiter<StreamSocket>? asking = Claim();
        if (asking is not null)
        {
            _near.Dispose();
            asking.Fail(new SocketException((int)error, $"Connecting from {_client} ({_near.LocalEndPoint}) to {_target}: {why}."));
        }
    }

    private void Ask(SimListenSocket? listener)
    {
        if (listener is null)
        {
            _back.Post(SimNews.Refuse);
        }
        else if (!listener.IsFull)
        {
            _back.Post(SimNews.Accept);
        }
        else if (++_askings < MostAskings)
        {
            _there.Post(SimNews.Ask, delay: s_askAgainAfter);
        }
        else
        {
            GiveUp(_there);
        }
    }

    private void Accept()
    {
        // If it was given up meanwhile, the server never hears of it: it has nothing of it yet.
        if (Claim() is { } asking)
        {
            _isOpen = true;
            _there.Post(SimNews.Open);
            asking.Complete(_near);
        }
    }

    private Waiter<StreamSocket>? Claim()
    {
        using (_gate.Enter())
        {
            Waiter<StreamSocket>? asking = _asking;
            _asking = null;
            return asking is not null && asking.TryClaim() ? asking : null;
        }
    }
}
