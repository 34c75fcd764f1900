namespace Treeline.TestSupport.Linearizability;

/// <summary>What an object does when one call is made after the other: the specification that a history is checked against.</summary>
/// <typeparam name="TState">The state of the object; not changed once made.</typeparam>
internal abstract class SequentialModel<TState>
{
    /// <summary>The state of a new object.</summary>
    public abstract TState Initial { get; }

    /// <summary>
    /// Whether <paramref name="operation"/> can take effect in this state with the result it had, and the state then. A call that
    /// waits cannot while it would wait. Of a pending one the result is not known. One that was cancelled is not asked about.
    /// </summary>
    public abstract bool TryApply(TState state, Operation operation, out TState next);

    /// <summary>Equal for equal states.</summary>
    public virtual object KeyOf(TState state) => state!;
}
