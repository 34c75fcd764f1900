using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace Treeline;

/// <summary>A sender as a <see cref="ChannelWriter{T}"/>.</summary>
internal sealed class WriterOfSender<T>(MpscSender<T> sender) : ChannelWriter<T>
{
    public override bool TryWrite(T item) => sender.TrySend(item) is SendResult.Sent or SendResult.Dropped;

    public override ValueTask WriteAsync(T item, CancellationToken cancellationToken = default) =>
        sender.SendAsync(item, cancellationToken);

    public override async ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            // Whoever gets a place knows that there is one. It is given back: writing takes it again.
            Permit<T> permit = await sender.ReserveAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent);
            permit.Dispose();
            return true;
        }
        catch (ChannelClosedException e)
        {
            if (e.InnerException is { } error)
            {
                ExceptionDispatchInfo.Throw(error);
            }

            return false;
        }
    }

    public override bool TryComplete(Exception? error = null) => sender.Complete(error);
}
