using Treeline.IO;

namespace Treeline.Tests.IO;

/// <summary>A source of bytes that a test feeds by hand; who waits for it goes on on the stack of whoever feeds it.</summary>
internal sealed class HandFed : IByteReader, IWaitQueue
{
    private static readonly Executor s_inline = new ExecutorOf(static work => work.Execute());

    private Waiter<int>? _waiter;
    private Memory<byte> _into;
    private ReadOnlyMemory<byte> _bytes;

    public bool IsAwaited => _waiter is not null;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_bytes.IsEmpty)
        {
            return new(Take(buffer));
        }

        _into = buffer;
        return Wait(cancellationToken).AsValueTask();
    }

    public ValueTask ReadableAsync(CancellationToken cancellationToken = default)
    {
        _into = default;
        return _bytes.IsEmpty ? Wait(cancellationToken).AsVoidValueTask() : default;
    }

    /// <summary>Lets whoever waits go on.</summary>
    public void Feed(ReadOnlyMemory<byte> bytes)
    {
        _bytes = bytes;
        if (_waiter is { } waiter && waiter.TryClaim())
        {
            _waiter = null;
            waiter.Complete(Take(_into));
        }
    }

    void IWaitQueue.Remove(WaiterBase waiter) => _waiter = null;

    private Waiter<int> Wait(CancellationToken cancellationToken)
    {
        Assert.Null(_waiter);
        _waiter = Waiter<int>.Rent(this, cancellationToken);
        _waiter.ResumeOn(s_inline);
        return _waiter;
    }

    private int Take(Memory<byte> into)
    {
        int count = Math.Min(into.Length, _bytes.Length);
        _bytes[..count].CopyTo(into);
        _bytes = _bytes[count..];
        return count;
    }
}
