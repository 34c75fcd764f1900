namespace Treeline;

/// <summary>
/// Runs several things at once and puts their ends together: all of them, the first, the first that succeeds, one after
/// another with a head start, streams in the order of arrival or in step, and the items of a sequence.
/// </summary>
/// <remarks>
/// Each call is a <see cref="TaskScope"/> under the calling code's node, named after the combinator, and what it runs are
/// children of it. So each obeys the contract: nothing is left running when it ends, what is not needed any more is
/// cancelled <em>and waited for</em>, and no failure is lost, be it one of the cleanup of something that was not needed.
/// </remarks>
public static partial class Concurrently
{
    private static Delegate[] ToArray(IEnumerable<Delegate> work, string parameter, bool mayBeEmpty = true)
    {
        ArgumentNullException.ThrowIfNull(work, parameter);
        Delegate[] all = [.. work];
        if (Array.IndexOf(all, null) is >= 0 and var missing)
        {
            throw new ArgumentException($"Number {missing + 1} of {all.Length} is null. Leave out what there is nothing to do for.", parameter);
        }

        if (all.Length == 0 && !mayBeEmpty)
        {
            throw new ArgumentException("There is nothing to run, so nothing can come first. Give at least one.", parameter);
        }

        return all;
    }
}
