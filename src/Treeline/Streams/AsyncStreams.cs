namespace Treeline;

/// <summary>
/// What streams need once time and concurrency come in, and what .NET does not have: reading ahead, several at work at a time,
/// several streams or several consumers, times and tokens. All else (<c>Select</c>, <c>Where</c>, <c>Take</c>, …) is in
/// <see cref="System.Linq.AsyncEnumerable"/>.
/// </summary>
/// <remarks>
/// An operator does nothing before its stream is read. From then to the end of the <c>await foreach</c> it has a scope under
/// the node whose code reads, named after the operator; what it runs lives in there. Whoever leaves the loop early, by a
/// <c>break</c> or an exception, or is cancelled, waits until the sources have unwound: nothing is left behind. A stream
/// may be read again, which reads its source again. A failure of the source surfaces after the items that came before it.
/// </remarks>
public static partial class AsyncStreams
{
    private static void ThrowUnlessPositive(TimeSpan time, string parameter) =>
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero, parameter);
}
