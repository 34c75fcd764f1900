using System.Buffers;
using System.Runtime.CompilerServices;

namespace Treeline.IO;

/// <summary>Reads items that <see cref="IFraming"/> cuts out of a stream of bytes. What has come beyond an item waits here for the next read.</summary>
/// <remarks>
/// <b>Protocol.</b> All fields belong to the operation that has entered <c>_use</c>. A cancelled read leaves what has come where it
/// is, so it lost nothing. The buffer grows as bytes come, never because a length has been announced: announcing costs the other end
/// nothing. It goes back to the pool while nothing is in it, so that a connection that waits holds none.
/// </remarks>
/// <typeparam name="T">Whose errors these are.</typeparam>
internal sealed class FramedReader<T>(IByteReader source, IFraming framing) : IDisposable
{
    // Enough for many small items in one call of the system, and small enough for every shelf of the pool.
    private const int FirstSize = 16 * 1024;

    private InUse _use;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private bool _hasEnded;

    /// <summary>The last item that was read; its memory is good until the next read.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    private ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    /// <summary>The next item. False: there are no more.</summary>
    public ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(cancellationToken);
        }

        _use.Enter<T>();
        bool hasItem;
        try
        {
            Current = default;
            hasItem = TryTake();
        }
        catch (InvalidDataException e)
        {
            Leave();
            return ValueTask.FromException<bool>(e);
        }

        if (!hasItem && !_hasEnded)
        {
            return ReadMoreAsync(cancellationToken);
        }

        Leave();
        return Waiter<bool>.Over(hasItem);
    }

    public void Dispose()
    {
        if (_use.End())
        {
            Free();
        }
    }

    [AsyncMethodBuilder(typeof(OperationBuilder<>))]
    private async ValueTask<bool> ReadMoreAsync(CancellationToken cancellationToken)
    {
        bool hasItem;
        try
        {
            do
            {
                if (_start == _end)
                {
                    Free();
                    await source.ReadableAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
                }

                int read = await source.ReadAsync(Space(), cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
                if (read == 0)
                {
                    hasItem = TryTakeLast();
                    break;
                }

                _end += read;
                hasItem = TryTake();
            }
            while (!hasItem);
        }
        catch (Exception)
        {
            Leave();
            throw;
        }

        // The buffer is gone, and the item with it.
        ObjectDisposedException.ThrowIf(!Leave(), typeof(T));
        return hasItem;
    }

    private bool TryTake()
    {
        if (_start == _end || !framing.TryCut(Unread, out Cut cut))
        {
            return false;
        }

        Take(cut);
        return true;
    }

    private bool TryTakeLast()
    {
        if (_start == _end)
        {
            _hasEnded = true;
            return false;
        }

        Cut cut = framing.CutLast(Unread);
        _hasEnded = true;
        Take(cut);
        return true;
    }

    private void Take(Cut cut)
    {
        Current = _buffer.AsMemory(_start + cut.Offset, cut.Length);
        _start += cut.Consumed;
    }

    /// <summary>Room behind what has come: makes some, if there is none.</summary>
    private Memory<byte> Space()
    {
        if (_end == _buffer.Length)
        {
            int count = _end - _start;
            byte[] old = _buffer;
            if (count > old.Length / 2 || old.Length == 0)
            {
                _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(2L * old.Length, FirstSize, Array.MaxLength));
            }

            old.AsSpan(_start, count).CopyTo(_buffer);
            (_start, _end) = (0, count);
            if (old.Length > 0 && !ReferenceEquals(old, _buffer))
            {
                ArrayPool<byte>.Shared.Return(old);
            }
        }

        return _buffer.AsMemory(_end);
    }

    /// <summary>Ends an operation. False: the reader was disposed meanwhile.</summary>
    private bool Leave()
    {
        bool isLive = _use.Leave();
        if (!isLive)
        {
            Free();
        }

        return isLive;
    }

    private void Free()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        _start = _end = 0;
        Current = default;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
