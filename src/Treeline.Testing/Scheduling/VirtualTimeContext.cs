namespace Treeline.Testing;

/// <summary>Brings awaits back to the thread of a <see cref="VirtualTimeCrank"/>; once that is put away, to the pool.</summary>
internal sealed class VirtualTimeContext(VirtualTimeCrank crank) : SchedulerContext(crank.Scheduler)
{
    public override void Post(SendOrPostCallback d, object? state) => crank.Post(new Posted(d, state));
}
