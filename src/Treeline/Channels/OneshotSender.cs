using System.Diagnostics;

namespace Treeline;

/// <summary>The end that sends one value, once. Dispose it: disposed without having sent, it lets the receiver know.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class OneshotSender<T> : IDisposable
{
    private readonly OneshotSlot<T> _slot;

    internal OneshotSender(OneshotSlot<T> slot) => _slot = slot;

    /// <summary>Sends the value.</summary>
    /// <param name="value">What to send.</param>
    /// <returns>False if the receiver is gone: nothing was sent, and the caller still has the value.</returns>
    /// <exception cref="InvalidOperationException">This sender has sent already.</exception>
    /// <exception cref="ObjectDisposedException">This sender has been disposed.</exception>
    public bool TrySend(T value) => _slot.TrySend(value, error: null, this);

    /// <summary>Sends an error in place of a value; it is thrown where the value is received.</summary>
    /// <param name="error">What went wrong.</param>
    /// <returns>False if the receiver is gone: nobody gets the error.</returns>
    /// <exception cref="InvalidOperationException">This sender has sent already.</exception>
    /// <exception cref="ObjectDisposedException">This sender has been disposed.</exception>
    public bool TryFail(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return _slot.TrySend(default!, error, this);
    }

    /// <summary>Gives up. If nothing was sent, receiving fails from here on.</summary>
    public void Dispose() => _slot.DisposeSender();

    /// <summary>What it is.</summary>
    public override string ToString() => $"sender of {_slot.Name}";
}
