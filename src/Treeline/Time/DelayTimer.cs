namespace Treeline;

/// <summary>A time that runs from the beginning of each wait of a select.</summary>
internal sealed class DelayTimer(TimeProvider clock, TimeSpan time) : ISelectTimer
{
    public TimeProvider Clock => clock;

    public TimeSpan Left(long now) => time == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : time;

    public void Take()
    {
    }

    public override string ToString() => $"a delay of {time}";
}
