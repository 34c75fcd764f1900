namespace Treeline;

/// <summary>What the builder of a fiber recognises in the awaiter of another fiber.</summary>
internal interface IFiberAwaiter
{
    /// <summary>Runs the awaited fiber on this thread, as soon as <paramref name="awaiting"/> has given way; then that goes on.</summary>
    public void Start(ChildNode awaiting);
}
