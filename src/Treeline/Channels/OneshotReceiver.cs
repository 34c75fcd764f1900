using System.Diagnostics;
using System.Threading.Channels;

namespace Treeline;

/// <summary>The end that receives one value, once.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class OneshotReceiver<T> : IDisposable
{
    private readonly OneshotSlot<T> _slot;

    internal OneshotReceiver(OneshotSlot<T> slot) => _slot = slot;

    /// <summary>
    /// Receives the value; waits for it if need be.
    /// Cancellation: a cancelled receive has taken nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, and nothing else.</param>
    /// <returns>The value. Await it once.</returns>
    /// <exception cref="ChannelClosedException">The sender was disposed without having sent, or the value has been received.</exception>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public ValueTask<T> ReceiveAsync(CancellationToken cancellationToken = default) =>
        _slot.ReceiveAsync(this, cancellationToken);

    /// <summary>Receives the value if it is there.</summary>
    /// <param name="value">The value.</param>
    /// <returns>False if it is not there, yet or any more.</returns>
    /// <exception cref="ObjectDisposedException">The receiver has been disposed.</exception>
    public bool TryReceive(out T value) => _slot.TryReceive(this, out value);

    /// <summary>Receiving the value, as one of several things to wait for. One that loses has taken nothing.</summary>
    /// <returns>The case. It fails as <see cref="ReceiveAsync"/> does.</returns>
    public SelectCase<T> ReceiveCase() => new(_slot);

    /// <summary>
    /// Leaves. The sender is told when it sends; a value that lies there goes to <c>onUndelivered</c>, whose exceptions come out
    /// here.
    /// </summary>
    public void Dispose() => _slot.DisposeReceiver();

    /// <summary>What it is, as shown for one who waits for it.</summary>
    public override string ToString() => _slot.ToString();
}
