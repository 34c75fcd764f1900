using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Treeline.Jobs;

/// <summary>
/// Hands each event to everybody who listens. Who is too slow misses the oldest, and the next one read says how many. So a slow
/// listener holds up nobody and costs no memory of its own.
/// </summary>
internal sealed class EventFeed
{
    internal const int Buffer = 1024;

    private readonly BroadcastSender<JobEvent> _events = Broadcast.Create<JobEvent>(Buffer, "job events");

    /// <summary>Called by the writer's thread alone, so that everybody sees the same order.</summary>
    public void Publish(JobEvent happened) => _events.Send(happened);

    /// <summary>Ends every listener's stream after what has been published.</summary>
    public void Close() => _events.Complete();

    public async IAsyncEnumerable<JobEvent> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using BroadcastReceiver<JobEvent> listener = _events.Subscribe();
        long missed = 0;
        while (true)
        {
            JobEvent happened;
            try
            {
                happened = await listener.ReceiveAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (LaggedException e)
            {
                missed += e.Missed; // it may have fallen behind again since
                continue;
            }
            catch (ChannelClosedException)
            {
                yield break;
            }

            yield return happened with { Missed = missed };
            missed = 0;
        }
    }
}
