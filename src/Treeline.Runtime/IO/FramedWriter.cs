using System.Buffers;
using System.Runtime.CompilerServices;

namespace Treeline.IO;

/// <summary>Writes items whole: each is put into a buffer and sent from there, so that no cancellation cuts one in two.</summary>
/// <remarks>
/// <b>Protocol.</b> All fields belong to the operation that has entered <c>_use</c>. What is between <c>_start</c> and <c>_end</c> is
/// to be sent; the item of this operation begins at <c>_mark</c>. A write that is cancelled before any byte of its item was sent takes
/// the item out again: it did not happen. Once a byte of it is on its way it has happened; the rest goes out before what comes next.
/// The buffer goes back to the pool when all is sent.
/// </remarks>
/// <typeparam name="T">Whose errors these are.</typeparam>
internal sealed class FramedWriter<T>(IByteWriter target) : IDisposable
{
    private const int FirstSize = 4 * 1024;

    private InUse _use;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _mark;

    /// <summary>Begins an operation, and an item. Ends by <see cref="EndItem"/> or <see cref="SendAsync"/>.</summary>
    /// <param name="length">How long the item is at most.</param>
    /// <returns>Room for it; then <see cref="Advance"/>.</returns>
    public Span<byte> Begin(int length)
    {
        _use.Enter<T>();
        _mark = _end;
        try
        {
            return Space(length);
        }
        catch (Exception)
        {
            Leave(); // there is no memory for it
            throw;
        }
    }

    /// <summary>So much of the room is part of the item now.</summary>
    public void Advance(int length) => _end += length;

    /// <summary>The item stays, to be sent later.</summary>
    public void EndItem() => Leave();

    /// <summary>Sends all that is there, this item included.</summary>
    public ValueTask SendAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (_start < _end)
            {
                ValueTask<int> sent = target.WriteSomeAsync(_buffer.AsMemory(_start, _end - _start), cancellationToken);
                if (!sent.IsCompletedSuccessfully)
                {
                    return SendRestAsync(sent, cancellationToken);
                }

                _start += sent.Result;
            }
        }
        catch (Exception)
        {
            TakeBack();
            Leave();
            throw;
        }

        Leave();
        return default;
    }

    public void Dispose()
    {
        if (_use.End())
        {
            Free();
        }
    }

    [AsyncMethodBuilder(typeof(OperationBuilder))]
    private async ValueTask SendRestAsync(ValueTask<int> sent, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                _start += await sent.ConfigureAwait(SchedulerContext.IsCurrent);
                if (_start == _end)
                {
                    return;
                }

                sent = target.WriteSomeAsync(_buffer.AsMemory(_start, _end - _start), cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && _start > _mark)
        {
            // A part of the item is on its way, so it has been written.
        }
        catch (Exception)
        {
            TakeBack();
            throw;
        }
        finally
        {
            Leave();
        }
    }

    private Span<byte> Space(int length)
    {
        if (_buffer.Length - _end < length)
        {
            int count = _end - _start;
            byte[] old = _buffer;
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(FirstSize, checked(count + Math.Max(count, length))));
            old.AsSpan(_start, count).CopyTo(_buffer);
            _mark -= _start;
            (_start, _end) = (0, count);
            if (old.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(old);
            }
        }

        return _buffer.AsSpan(_end);
    }

    private void TakeBack()
    {
        if (_start <= _mark)
        {
            _end = _mark;
        }
    }

    private void Leave()
    {
        // In this order: what belongs to the operation is its own until it has left.
        if (_start == _end)
        {
            Free();
        }

        if (!_use.Leave())
        {
            Free();
        }
    }

    private void Free()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        _start = _end = _mark = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
