using System.Net.Sockets;
using Treeline.Net;
using TcpListener = Treeline.Net.TcpListener;

namespace Treeline.Tests;

/// <summary>One thing to await, which happens when the test says.</summary>
internal sealed class AwaitedThing : IDisposable
{
    /// <summary>The name of the thread that makes it happen.</summary>
    public const string Foreign = "foreign";

    private readonly (MpscSender<int> Sender, MpscReceiver<int> Receiver) _messages = Mpsc.Unbounded<int>();

    // Whoever ends it may run what awaits it: nothing here says otherwise.
    private readonly TaskCompletionSource _task = new();
    private readonly byte[] _buffer = new byte[1];
    private readonly Awaited _kind;
    private Socket? _peer;
    private TcpStream? _stream;

    private AwaitedThing(Awaited kind) => _kind = kind;

    /// <summary>Whether the code that awaits it waits until <see cref="Happen"/>.</summary>
    public bool Lasts => _kind is not (Awaited.FiberYield or Awaited.TaskYield);

    /// <summary>Sockets are made by the network of the calling code.</summary>
    public static async Task<AwaitedThing> MakeAsync(Awaited kind)
    {
        var thing = new AwaitedThing(kind);
        if (kind is Awaited.Socket or Awaited.SocketWithoutContext)
        {
            using TcpListener listener = TcpListener.Bind("127.0.0.1:0");
            thing._peer = new Socket(SocketType.Stream, ProtocolType.Tcp);
            Task connecting = thing._peer.ConnectAsync(listener.LocalEndPoint);
            thing._stream = await listener.AcceptAsync();
            await connecting;
        }

        return thing;
    }

    /// <summary>Awaits it in plain code, and tells where that goes on.</summary>
    public async Task<string> AwaitPlainly(TaskScope scope)
    {
        switch (_kind)
        {
            case Awaited.Message:
                await _messages.Receiver.ReceiveAsync();
                break;
            case Awaited.MessageWithoutContext:
                await _messages.Receiver.ReceiveAsync().ConfigureAwait(false);
                break;
            case Awaited.Child:
                await scope.Spawn(async ct => await _messages.Receiver.ReceiveAsync(ct));
                break;
            case Awaited.OtherFiber:
                await ReceiveAsync();
                break;
            case Awaited.Socket:
                await _stream!.ReadAsync(_buffer);
                break;
            case Awaited.SocketWithoutContext:
                await _stream!.ReadAsync(_buffer).ConfigureAwait(false);
                break;
            case Awaited.FiberYield:
                await Fiber.Yield();
                break;
            case Awaited.TaskYield:
                await Task.Yield();
                break;
            case Awaited.ForeignTask:
                await _task.Task;
                break;
            default:
                await _task.Task.ConfigureAwait(false);
                break;
        }

        return Here.Name;
    }

    /// <summary>Awaits it in a fiber, and tells where that goes on.</summary>
    public async Fiber<string> AwaitInFiber(TaskScope scope)
    {
        switch (_kind)
        {
            case Awaited.Message:
                await _messages.Receiver.ReceiveAsync();
                break;
            case Awaited.MessageWithoutContext:
                await _messages.Receiver.ReceiveAsync().ConfigureAwait(false);
                break;
            case Awaited.Child:
                await scope.Spawn(async ct => await _messages.Receiver.ReceiveAsync(ct));
                break;
            case Awaited.OtherFiber:
                await ReceiveAsync();
                break;
            case Awaited.Socket:
                await _stream!.ReadAsync(_buffer);
                break;
            case Awaited.SocketWithoutContext:
                await _stream!.ReadAsync(_buffer).ConfigureAwait(false);
                break;
            case Awaited.FiberYield:
                await Fiber.Yield();
                break;
            case Awaited.TaskYield:
                await Task.Yield();
                break;
            case Awaited.ForeignTask:
                await _task.Task;
                break;
            default:
                await _task.Task.ConfigureAwait(false);
                break;
        }

        return Here.Name;
    }

    /// <summary>
    /// Makes it happen: by a foreign thread, which has ended when this returns, or, if that is what is tested, by the calling code.
    /// </summary>
    public void Happen()
    {
        if (_kind == Awaited.TaskEndedHereWithoutContext)
        {
            _task.SetResult();
            return;
        }

        var foreign = new Thread(() =>
        {
            _messages.Sender.TrySend(1);
            _task.SetResult();
            _peer?.Send([1]);
        })
        {
            Name = Foreign,
        };
        foreign.Start();
        foreign.Join();
    }

    public void Dispose()
    {
        _peer?.Dispose();
        _stream?.Dispose();
        _messages.Sender.Dispose();
        _messages.Receiver.Dispose();
    }

    private async Fiber<int> ReceiveAsync() => await _messages.Receiver.ReceiveAsync();
}
