using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Treeline.Jobs;

/// <summary>
/// Hands each event to everybody who listens. A listener has a bounded buffer; when it is full the oldest event goes, and
/// the next one read says how many went. So a slow listener holds up nobody and costs bounded memory.
/// </summary>
internal sealed class EventFeed
{
    internal const int Buffer = 1024;

    private readonly Lock _gate = new();

    // Owner: the gate.
    private readonly List<Channel<(long Number, JobEvent Event)>> _listeners = [];
    private long _last;
    private bool _closed;

    /// <summary>Called by the writer's thread alone, so that everybody sees the same order.</summary>
    public void Publish(JobEvent happened)
    {
        lock (_gate)
        {
            _last++;
            foreach (Channel<(long, JobEvent)> listener in _listeners)
            {
                listener.Writer.TryWrite((_last, happened));
            }
        }
    }

    /// <summary>Ends every listener's stream after what is in its buffer.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (Channel<(long, JobEvent)> listener in _listeners)
            {
                listener.Writer.TryComplete();
            }
        }
    }

    public async IAsyncEnumerable<JobEvent> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var listener = Channel.CreateBounded<(long, JobEvent)>(
            new BoundedChannelOptions(Buffer) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        long seen;
        lock (_gate)
        {
            if (_closed)
            {
                yield break;
            }

            seen = _last;
            _listeners.Add(listener);
        }

        try
        {
            await foreach ((long number, JobEvent happened) in listener.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return happened with { Missed = number - seen - 1 };
                seen = number;
            }
        }
        finally
        {
            lock (_gate)
            {
                _listeners.Remove(listener);
            }
        }
    }
}
