using System.Threading.Channels;

namespace Treeline;

/// <summary>A child that reads a stream and sends its items.</summary>
/// <remarks>
/// The channel is completed once, by the first of: the end of the stream, its failure, and the end of the child, which may never
/// have begun. A failure is the receiver's; if that has gone, the scope's.
/// </remarks>
/// <typeparam name="T">The type of the items.</typeparam>
internal sealed class ChannelFilling<T>(
    IAsyncEnumerable<T> source, MpscSender<T> sender, MpscReceiver<T> receiver, TaskScope scope, Combination combination)
    : IThreadPoolWorkItem
{
    private bool _unwanted;

    /// <summary>Spawns the child.</summary>
    public void Start()
    {
        ChildTask child = combination.Spawn<Nothing>(scope, (Func<CancellationToken, Fiber>)ReadAsync, 0, combination.Name);
        if (!child.TryJoin(this))
        {
            Execute();
        }
    }

    /// <summary>The child has ended.</summary>
    public void Execute() => sender.Complete(
        scope.IsCancellationRequested ? new OperationCanceledException(scope.CancelReason, scope.Token) : null);

    private async Fiber ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await combination.FailFastAsync(each => SendAllAsync(each).Inner, CancellationToken.None).ConfigureAwait(SchedulerContext.IsCurrent);
        }
        catch (OperationCanceledException) when (_unwanted)
        {
            // The source has unwound, as it should.
        }
        catch (Exception e)
        {
            if (!sender.Complete(e) || cancellationToken.IsCancellationRequested)
            {
                throw;
            }
        }
    }

    private async Fiber SendAllAsync(TaskScope each)
    {
        _ = combination.Spawn<Nothing>(
            each, (CancellationToken token) => WatchAsync(each, token), 0, "receiver");
        await foreach (T item in source.WithCancellation(each.Token).ConfigureAwait(SchedulerContext.IsCurrent))
        {
            try
            {
                await sender.SendAsync(item, each.Token).ConfigureAwait(SchedulerContext.IsCurrent);
            }
            catch (ChannelClosedException)
            {
                break; // the receiver takes nothing any more
            }
        }

        each.Cancel("all has been sent");
    }

    /// <summary>When there is nobody left to receive, the source is not to wait for its next item to find out.</summary>
    private async Fiber WatchAsync(TaskScope each, CancellationToken cancellationToken)
    {
        await receiver.WhenOver.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!cancellationToken.IsCancellationRequested)
        {
            _unwanted = true;
            each.Cancel("nobody receives what is sent");
        }
    }
}
