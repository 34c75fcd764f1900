using System.Threading.Channels;

namespace Treeline;

/// <summary>Between Treeline's channels and those of <c>System.Threading.Channels</c>.</summary>
public static class ChannelAdapters
{
    /// <summary>
    /// Makes the receiving end look like a <see cref="ChannelReader{T}"/>. From then on read by it alone: it may hold an item that
    /// it has been asked to wait for.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="receiver">What to read from. It stays the caller's to dispose.</param>
    /// <returns>The reader.</returns>
    public static ChannelReader<T> AsChannelReader<T>(this MpscReceiver<T> receiver)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        return new ReaderOfReceiver<T>(receiver);
    }

    /// <summary>
    /// Makes the sending end look like a <see cref="ChannelWriter{T}"/>. Completing it completes the channel for all senders.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="sender">What to write to. It stays the caller's to dispose.</param>
    /// <returns>The writer.</returns>
    public static ChannelWriter<T> AsChannelWriter<T>(this MpscSender<T> sender)
    {
        ArgumentNullException.ThrowIfNull(sender);
        return new WriterOfSender<T>(sender);
    }

    /// <summary>
    /// Reads a <see cref="ChannelReader{T}"/> in a child of <paramref name="scope"/> and gives what it reads by a channel of
    /// Treeline's, which can be selected on. The channel ends as the reader does, with its error if it has one, and when the
    /// scope is cancelled. The child stops reading when the receiver has been closed or disposed.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="reader">What to read.</param>
    /// <param name="scope">Whose child reads.</param>
    /// <param name="capacity">How many items it may read ahead; at least 1.</param>
    /// <param name="onUndelivered">Gets each item that was read and that nobody is going to receive.</param>
    /// <param name="name">How the child and the channel are called in the tree and in errors.</param>
    /// <returns>The receiving end.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than 1.</exception>
    public static MpscReceiver<T> ToReceiver<T>(
        this ChannelReader<T> reader,
        TaskScope scope,
        int capacity = 1,
        Action<T>? onUndelivered = null,
        string? name = null)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(scope);
        (MpscSender<T> sender, MpscReceiver<T> receiver) = Mpsc.Bounded(capacity, FullMode.Wait, onUndelivered, name);

        // Not in the child, which never starts if the scope has been cancelled.
        CancellationTokenRegistration cancellation = scope.Token.UnsafeRegister(
            static (sender, token) => ((MpscSender<T>)sender!).Complete(new OperationCanceledException(token)), sender);
        scope.Spawn(ct => PumpAsync(reader, sender, receiver.WhenOver, onUndelivered, cancellation, ct), name);
        return receiver;
    }

    private static async ValueTask PumpAsync<T>(
        ChannelReader<T> reader,
        MpscSender<T> sender,
        Task whenOver,
        Action<T>? onUndelivered,
        CancellationTokenRegistration cancellation,
        CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration _ = cancellation;
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            whenOver.GetAwaiter().OnCompleted(() => Cancel(gone));
            while (await reader.WaitToReadAsync(gone.Token).ConfigureAwait(SchedulerContext.IsCurrent))
            {
                // The place first: what has been read has one.
                using Permit<T> permit = await sender.ReserveAsync(gone.Token).ConfigureAwait(SchedulerContext.IsCurrent);
                if (reader.TryRead(out T? item))
                {
                    Send(permit, item, onUndelivered);
                }
            }

            sender.Dispose();
        }
        catch (Exception e) when (whenOver.IsCompleted && e is OperationCanceledException or ChannelClosedException)
        {
            // Nobody receives any more.
        }
        catch (Exception e)
        {
            sender.Complete(e);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private static void Send<T>(Permit<T> permit, T item, Action<T>? onUndelivered)
    {
        try
        {
            permit.Send(item);
        }
        catch (ChannelClosedException)
        {
            onUndelivered?.Invoke(item);
            throw;
        }
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The reading has ended.
        }
    }
}
