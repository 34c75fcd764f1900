namespace Treeline;

/// <summary>What a delay waits for: nothing but its time. It keeps no list.</summary>
internal sealed class DelayQueue : IWaitQueue
{
    public static readonly DelayQueue Instance = new();

    public override string ToString() => "a delay";

    void IWaitQueue.Remove(WaiterBase waiter)
    {
    }
}
