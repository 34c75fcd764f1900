using System.Net;
using Treeline.Drivers.Linux;
using Treeline.Net;

namespace Treeline.Drivers.Uring;

/// <summary>An attempt to connect: until it has ended, the descriptor is its own; then the socket's, or closed.</summary>
/// <remarks>
/// <b>Protocol.</b> Everything belongs to <c>_gate</c>. <c>_waiter</c> is who waits, until it is claimed or has given up. Whoever gives up leaves
/// the rest to the owner of the driver: it cancels the operation, waits for its completion, and closes the descriptor, connected
/// or not.
/// </remarks>
internal sealed unsafe class UringConnect : IUringSource, IWaitQueue
{
    private readonly UringDriver _driver;
    private readonly int _descriptor;
    private readonly EndPoint _endPoint;

    // The kernel reads the address when the entry is handed over. It is kept until the completion.
    private readonly Chunk* _address;
    private UringSeat _seat;
    private Gate _gate;
    private Waiter<StreamSocket>? _waiter;
    private bool _hasBegun;
    private bool _isGivenUp;
    private bool _isCancelled;
    private bool _hasEnded;

    /// <summary>The descriptor is the caller's still if this throws.</summary>
    public UringConnect(UringDriver driver, int descriptor, EndPoint endPoint)
    {
        _driver = driver;
        _descriptor = descriptor;
        _endPoint = endPoint;
        SocketAddress address = endPoint.Serialize();
        _driver.Enlist(this);
        _address = _driver.Chunks.Rent();
        address.Buffer.Span[..address.Size].CopyTo(Chunk.Free(_address));
        _address->End = address.Size;
    }

    ref UringSeat IUringSource.Seat => ref _seat;

    /// <summary>Begins.</summary>
    public ValueTask<StreamSocket> StartAsync(CancellationToken cancellationToken)
    {
        Waiter<StreamSocket> waiter;
        using (_gate.Enter())
        {
            waiter = Waiter<StreamSocket>.Rent(this, cancellationToken);
            waiter.ResumeOn(_driver.Executor);
            _waiter = waiter;
        }

        Look();
        return waiter.AsValueTask();
    }

    public override string ToString() => $"connect to {_endPoint}";

    void IWaitQueue.Remove(WaiterBase waiter)
    {
        using (_gate.Enter())
        {
            _waiter = null;
            _isGivenUp = true;
        }

        Look();
    }

    void IUringSource.Advance()
    {
        bool begins = false;
        bool cancels = false;
        bool closes = false;
        using (_gate.Enter())
        {
            if (_hasEnded)
            {
                return;
            }

            if (_isGivenUp && (!_hasBegun || _driver.IsAbandoned))
            {
                closes = _hasEnded = true;
            }
            else if (!_hasBegun)
            {
                begins = _hasBegun = true;
            }
            else if (_isGivenUp && !_isCancelled)
            {
                cancels = _isCancelled = true;
            }
        }

        if (begins)
        {
            UringSubmission* entry = _driver.Prepare(UringOperation.Connect, this);
            entry->Opcode = UringAbi.OpConnect;
            entry->Descriptor = _descriptor;
            entry->Address = (ulong)Chunk.Memory(_address);
            entry->Offset = (ulong)_address->End;
        }
        else if (cancels)
        {
            _driver.Cancel(UringOperation.Connect, this);
        }
        else if (closes)
        {
            Leave();
            _ = Libc.Close(_descriptor);
        }
    }

    void IUringSource.OnCompletion(UringOperation operation, int result, uint flags)
    {
        Waiter<StreamSocket>? waiter;
        using (_gate.Enter())
        {
            _hasEnded = true;
            waiter = _waiter;
            _waiter = null;
            if (waiter is not null && !waiter.TryClaim())
            {
                waiter = null;
            }
        }

        Leave();
        if (waiter is not null && result >= 0)
        {
            try
            {
                waiter.Complete(new UringStreamSocket(
                    _driver, _descriptor, SocketAddresses.Of(_descriptor, remote: false), SocketAddresses.Of(_descriptor, remote: true) ?? _endPoint));
                return;
            }
            catch (ObjectDisposedException error)
            {
                waiter.Fail(error); // the driver ends
            }
        }
        else
        {
            waiter?.Fail(((Errno)(-result)).ToException($"Connect to {_endPoint}"));
        }

        _ = Libc.Close(_descriptor);
    }

    void IUringSource.End(bool sendsRest)
    {
        Waiter<StreamSocket>? waiter;
        using (_gate.Enter())
        {
            _isGivenUp = true;
            waiter = _waiter;
            _waiter = null;
            if (waiter is not null && !waiter.TryClaim())
            {
                waiter = null;
            }
        }

        waiter?.Fail(new ObjectDisposedException(ToString(), $"The runtime ended during the attempt to {this}."));
        Look();
    }

    private void Leave()
    {
        _driver.Strike(this);
        if (!_driver.IsAbandoned)
        {
            _driver.Recycle(_address);
        }
    }

    private void Look()
    {
        if (_driver.IsOwner)
        {
            ((IUringSource)this).Advance();
        }
        else
        {
            _driver.Post(this);
        }
    }
}
