using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// A value that is made when somebody first needs it: <c>Config config = await lazy.GetAsync(ct);</c>. A
/// <see cref="OnceCell{T}"/> that knows what makes it.
/// </summary>
/// <remarks>
/// What makes it runs in the call of whoever came first, with the token of that call, and ends before the call does. If it
/// fails or is cancelled, that caller gets the error and the next in line tries again: failures are not kept, unlike those of
/// <see cref="Lazy{T}"/>.
/// </remarks>
/// <typeparam name="T">The type of the value.</typeparam>
[DebuggerDisplay("{ToString(),nq}, set: {IsSet}")]
public sealed class AsyncLazy<T>
{
    private readonly Delegate _factory;
    private readonly OnceCell<T> _cell;

    /// <summary>Says what makes the value. Starts nothing.</summary>
    /// <param name="factory">Makes the value; gets the token of the call that it runs in.</param>
    /// <param name="name">How it is shown where somebody waits for it.</param>
    [OverloadResolutionPriority(2)]
    public AsyncLazy(Func<CancellationToken, Fiber<T>> factory, string? name = null)
        : this((Delegate)factory, name)
    {
    }

    /// <inheritdoc cref="AsyncLazy{T}(Func{CancellationToken, Fiber{T}}, string)"/>
    [OverloadResolutionPriority(1)]
    public AsyncLazy(Func<CancellationToken, ValueTask<T>> factory, string? name = null)
        : this((Delegate)factory, name)
    {
    }

    /// <inheritdoc cref="AsyncLazy{T}(Func{CancellationToken, Fiber{T}}, string)"/>
    public AsyncLazy(Func<CancellationToken, Task<T>> factory, string? name = null)
        : this((Delegate)factory, name)
    {
    }

    private AsyncLazy(Delegate factory, string? name)
    {
        ArgumentNullException.ThrowIfNull(factory);
        _factory = factory;
        _cell = new OnceCell<T>(name);
    }

    /// <summary>Whether there is a value.</summary>
    public bool IsSet => _cell.IsSet;

    /// <summary>
    /// Gives the value; if there is none, makes it, or waits while another does. Cancellation: ends the wait; if this call is
    /// making the value, what makes it sees the token, and when it has ended, the next in line tries.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait; what the factory gets.</param>
    /// <returns>The value. What the factory throws in this call is thrown here.</returns>
    public ValueTask<T> GetAsync(CancellationToken cancellationToken = default) => _cell.GetOrInit(_factory, cancellationToken);

    /// <inheritdoc cref="OnceCell{T}.TryGet"/>
    public bool TryGet([MaybeNullWhen(false)] out T value) => _cell.TryGet(out value);

    /// <inheritdoc cref="OnceCell{T}.ToString"/>
    public override string ToString() => _cell.ToString();
}
