namespace Treeline;

/// <summary>
/// Makes channels for one value: the answer to a request, the end of a job. Unlike a <see cref="TaskCompletionSource{T}"/>, each
/// end learns when the other one is gone.
/// </summary>
public static class Oneshot
{
    /// <summary>Makes one.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    /// <param name="onUndelivered">Gets the value if it was sent and the receiver is disposed without having received it.</param>
    /// <param name="name">How it is called in the tree and in errors.</param>
    /// <returns>The two ends.</returns>
    public static (OneshotSender<T> Sender, OneshotReceiver<T> Receiver) Create<T>(
        Action<T>? onUndelivered = null, string? name = null)
    {
        var slot = new OneshotSlot<T>(onUndelivered, name);
        return (new OneshotSender<T>(slot), new OneshotReceiver<T>(slot));
    }
}
