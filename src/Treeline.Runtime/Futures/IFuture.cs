namespace Treeline.Futures;

/// <summary>
/// An operation that goes on only when it is polled, and between polls is an object that does nothing: no thread, no callback, no
/// continuation. Awaiting one drives it: <c>await future</c>. As Rust's <c>Future</c>.
/// </summary>
/// <remarks>
/// <para><b>The contract of a poll.</b> It does what can be done now and returns: the result, or that it is pending. Who returns
/// pending has kept <see cref="Context.Waker"/> of <em>this</em> poll where what it waits for will find it, and that wakes it when
/// polling again may help; an earlier waker need not be woken any more. A poll that is pending without having asked for the waker is an
/// error, told to whoever drives the future. Polls come when they come, also without any wake-up; one at a time, each seeing what the last
/// one did, not always on the same thread. A poll blocks nothing. What it throws is how the future ends.</para>
/// <para><b>The end.</b> A future that has given its result, or has thrown, is not polled again; the ones made here throw
/// <see cref="InvalidOperationException"/> then, unless <see cref="Future{TFuture, T}.Fuse"/> is their last word.</para>
/// <para><b>Dropping.</b> Whoever drives a future owns it, and when done with it calls <see cref="IDisposable.Dispose"/>, if it has one,
/// once and after the last poll: when the future has ended, or when nobody wants it any more. So to cancel a future is to drop it,
/// and between two polls that is always possible.</para>
/// <para>Its <see cref="object.ToString"/> is what the tree shows of who waits for it, and what errors call it; anybody may ask at any time.</para>
/// <para>May be a struct; then it is driven where it is stored, and a copy made after the first poll is a mistake.</para>
/// </remarks>
/// <typeparam name="T">What it gives; <see cref="ValueTuple"/> if it gives nothing.</typeparam>
public interface IFuture<T>
{
    /// <summary>Goes on as far as it can without waiting.</summary>
    /// <param name="context">Has the waker.</param>
    /// <returns>The result, or that it is pending.</returns>
    public Poll<T> Poll(ref Context context);
}
