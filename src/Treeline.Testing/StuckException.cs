namespace Treeline.Testing;

/// <summary>
/// A test in virtual time cannot go on: nothing is ready to run, no timer is set, and its body has not ended. The message
/// shows what is alive, and what it waits on.
/// </summary>
public sealed class StuckException : Exception
{
    internal StuckException(TimeSpan elapsed, string tree, bool afterCancel)
        : base(
            $"Nothing can go on any more, after {elapsed} of virtual time: nothing is ready to run and no timer is set, so whoever waits waits "
            + (afterCancel
                ? "for ever. That was so before, and the scope was cancelled; this did not end it: something in it ignores its token. "
                : "for ever. ")
            + "If it waits for something real (input or output, a timer of the system), tell the clock with HoldFor. What is "
            + $"alive:{Environment.NewLine}{tree}")
    {
    }
}
