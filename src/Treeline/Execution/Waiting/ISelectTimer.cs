namespace Treeline;

/// <summary>A time that comes, as one of several things to wait for: a case of a <see cref="Select{TResult}"/>.</summary>
internal interface ISelectTimer
{
    /// <summary>What measures the time.</summary>
    internal TimeProvider Clock { get; }

    /// <summary>
    /// Called when a select begins to wait, with the clock's timestamp: how long from then; zero or less if the time has come.
    /// </summary>
    internal TimeSpan Left(long now);

    /// <summary>The time had come and won the select: goes on to the next, if there are several.</summary>
    internal void Take();
}
