using System.Runtime.InteropServices;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Epoll;

/// <summary>
/// Linux's epoll: one for a whole runtime. A socket is registered once, for everything, edge-triggered; it keeps for itself whether it
/// is ready (<see cref="EpollOperation{T}"/>), so that no call is made that is known to find nothing.
/// </summary>
/// <remarks>
/// <b>Protocol.</b> <c>_events</c> and <c>_came</c> belong to whoever holds the seat. The slots belong to the gate; the array is replaced when it
/// grows, and read without the gate by whoever dispatches.
/// <para><b>Which socket an event is for.</b> Its data has the slot and the generation of a registration. Every registration of a
/// slot gets a generation of its own, and leaves its slot before its descriptor is closed: an event that was fetched
/// before, for a descriptor that has been closed and opened anew since, finds no socket, or one of another generation, and is dropped.</para>
/// <para><b>Its own descriptors</b> are used by any thread (<see cref="Wake"/>, <see cref="Register"/>), even one that comes late, when the driver
/// is being disposed of: <c>_uses</c> keeps them open meanwhile.</para>
/// <para><b>Safety.</b> <c>_events</c> is allocated with room for <see cref="Capacity"/> events, as many as the kernel is told of, and freed when no
/// thread waits any more.</para>
/// </remarks>
internal sealed unsafe class EpollDriver : Driver
{
    private const int Capacity = 1024;
    private const int ControlAdd = 1;
    private const uint WakeSlot = uint.MaxValue;

    private readonly int _epoll;
    private readonly int _wake;
    private readonly EpollNetwork _network;
    private DescriptorUses _uses = new();
    private byte* _events;
    private int _came;

    private Gate _gate;
    private EpollSocket?[] _slots = new EpollSocket?[64];
    private int _used;
    private readonly Stack<int> _free = [];
    private uint _lastGeneration;
    private bool _disposed;

    public EpollDriver()
    {
        _epoll = Libc.EpollCreate(Libc.CloseOnExec);
        if (_epoll < 0)
        {
            throw Libc.LastError.ToException("Make an epoll instance");
        }

        _wake = Libc.EventDescriptor(0, Libc.CloseOnExec | Libc.NonBlocking);
        byte* change = stackalloc byte[EpollEvent.Size];
        EpollEvent.Write(change, EpollEvent.Readable | EpollEvent.EdgeTriggered, WakeSlot, 0);
        if (_wake < 0 || Libc.EpollControl(_epoll, ControlAdd, _wake, change) != 0)
        {
            Errno error = Libc.LastError;
            EndUse();
            throw error.ToException("Make an event descriptor to wake epoll by");
        }

        _events = (byte*)NativeMemory.Alloc(Capacity, (nuint)EpollEvent.Size);
        _network = new EpollNetwork(this);
    }

    public override string Name => "epoll";

    public override Network Network => _network;

    /// <summary>How many sockets are registered.</summary>
    public int Registered
    {
        get
        {
            using (_gate.Enter())
            {
                return _used - _free.Count;
            }
        }
    }

    public override bool Wait(int milliseconds)
    {
        // A signal ends the wait early, with an error: so nothing has come.
        _came = Math.Max(Libc.EpollWait(_epoll, _events, Capacity, milliseconds), 0);
        return _came > 1 || (_came == 1 && EpollEvent.SlotOf(_events) != WakeSlot);
    }

    public override void Dispatch()
    {
        byte* end = _events + (_came * EpollEvent.Size);
        for (byte* at = _events; at < end; at += EpollEvent.Size)
        {
            uint slot = EpollEvent.SlotOf(at);
            EpollSocket?[] slots = Volatile.Read(ref _slots);
            if (slot < (uint)slots.Length && Volatile.Read(ref slots[slot]) is { } socket && socket.Generation == EpollEvent.GenerationOf(at))
            {
                socket.OnEvents(EpollEvent.EventsOf(at));
            }
        }

        _came = 0;
    }

    /// <summary>Edge-triggered as well: each write is an edge of its own, and nobody has to read what was written.</summary>
    public override void Wake()
    {
        if (_uses.TryBegin())
        {
            ulong one = 1;
            _ = Libc.Write(_wake, &one, sizeof(ulong));
            EndUse();
        }
    }

    /// <summary>From now on events of the socket are dispatched to it.</summary>
    public void Register(EpollSocket socket)
    {
        int slot;
        using (_gate.Enter())
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_free.TryPop(out slot))
            {
                slot = _used++;
                if (slot == _slots.Length)
                {
                    EpollSocket?[] grown = new EpollSocket?[slot * 2];
                    _slots.CopyTo(grown, 0);
                    Volatile.Write(ref _slots, grown);
                }
            }

            // From here on Dispose may close the socket; it stays open, and so does epoll, until it is registered.
            _uses.TryBegin();
            socket.TryKeep();
            socket.Place(slot, ++_lastGeneration);
            Volatile.Write(ref _slots[slot], socket);
        }

        byte* change = stackalloc byte[EpollEvent.Size];
        EpollEvent.Write(
            change,
            EpollEvent.Readable | EpollEvent.Writable | EpollEvent.RemoteEnded | EpollEvent.EdgeTriggered,
            (uint)slot,
            socket.Generation);
        Errno error = Libc.EpollControl(_epoll, ControlAdd, socket.Descriptor, change) == 0 ? Errno.None : Libc.LastError;
        EndUse();
        socket.EndUse();
        if (error != Errno.None)
        {
            Forget(socket);
            throw error.ToException($"Register {socket} with epoll");
        }
    }

    /// <summary>No event is dispatched to the socket any more that has not been yet. Before its descriptor is closed, which ends the registration.</summary>
    public void Forget(EpollSocket socket)
    {
        using (_gate.Enter())
        {
            if (ReferenceEquals(_slots[socket.Slot], socket))
            {
                _slots[socket.Slot] = null;
                _free.Push(socket.Slot);
            }
        }
    }

    public override void Dispose()
    {
        EpollSocket?[] open;
        using (_gate.Enter())
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            open = [.. _slots];
        }

        foreach (EpollSocket? socket in open)
        {
            socket?.Close();
        }

        EndUse();
        NativeMemory.Free(_events);
        _events = null;
    }

    private void EndUse()
    {
        if (_uses.End())
        {
            if (_wake >= 0)
            {
                _ = Libc.Close(_wake);
            }

            _ = Libc.Close(_epoll);
        }
    }
}
