namespace Treeline;

/// <summary>
/// What the end of one child means for its siblings, and which failures surface from the scope. Those here are enough for
/// most; derive for a rule of your own.
/// </summary>
/// <remarks>It is about children. A scope whose body fails is cancelled whatever the policy, and that failure surfaces.</remarks>
public abstract class FailurePolicy
{
    /// <summary>The first failure cancels the siblings; all failures surface. The default.</summary>
    public static FailurePolicy FailFast { get; } = new FailFastPolicy();

    /// <summary>
    /// A child's failure stays its own: the siblings run on. A failure that nobody looked at (by awaiting the child or
    /// reading its outcome) surfaces from the scope when it ends.
    /// </summary>
    public static FailurePolicy Supervise { get; } = new SupervisePolicy();

    /// <summary>Every child runs to its end; all failures surface then.</summary>
    public static FailurePolicy CollectAll { get; } = new CollectAllPolicy();

    /// <summary>
    /// The first child that succeeds is enough: the others are cancelled. Failures from before that surface only if none has
    /// succeeded; those of the others' cleanup always do.
    /// </summary>
    public static FailurePolicy FirstSuccess { get; } = new QuorumPolicy(1);

    /// <summary>
    /// <paramref name="successes"/> children that succeed are enough: the others are cancelled. If there are fewer, all failures
    /// surface; if nothing had failed either, an <see cref="InvalidOperationException"/> that says so.
    /// </summary>
    /// <param name="successes">How many; at least 1.</param>
    /// <returns>The policy.</returns>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public static FailurePolicy Quorum(int successes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(successes, 1);
        return new QuorumPolicy(successes);
    }

    /// <summary>
    /// Whether the scope needs no more of its children: those that run are cancelled, and later ones do not start. Asked
    /// after each child's end, by whichever thread that happens on, possibly by several at once: it decides by the tally
    /// alone. An exception counts as a failure of the scope.
    /// </summary>
    /// <param name="tally">How the children have ended so far.</param>
    /// <returns>True: it is decided.</returns>
    protected internal abstract bool IsDecided(ChildTally tally);

    /// <summary>Which failures of children surface. Asked once, when the scope ends.</summary>
    /// <param name="tally">How the children have ended.</param>
    /// <returns>Which.</returns>
    protected internal abstract SurfacingFailures Surfacing(ChildTally tally);

    /// <summary>
    /// An error of the policy's own, for when too little was reached and there is no failure that would tell. Asked once, when
    /// the scope ends without a failure, and nothing but the policy has cancelled it. By default there is none.
    /// </summary>
    /// <param name="tally">How the children have ended.</param>
    /// <returns>The error, or null.</returns>
    protected internal virtual Exception? Shortfall(ChildTally tally) => null;

    private sealed class FailFastPolicy : FailurePolicy
    {
        protected internal override bool IsDecided(ChildTally tally) => tally.Failed > 0;

        protected internal override SurfacingFailures Surfacing(ChildTally tally) => SurfacingFailures.All;
    }

    private sealed class SupervisePolicy : FailurePolicy
    {
        protected internal override bool IsDecided(ChildTally tally) => false;

        protected internal override SurfacingFailures Surfacing(ChildTally tally) => SurfacingFailures.Unobserved;
    }

    private sealed class CollectAllPolicy : FailurePolicy
    {
        protected internal override bool IsDecided(ChildTally tally) => false;

        protected internal override SurfacingFailures Surfacing(ChildTally tally) => SurfacingFailures.All;
    }

    private sealed class QuorumPolicy(int successes) : FailurePolicy
    {
        protected internal override bool IsDecided(ChildTally tally) => tally.Succeeded >= successes;

        protected internal override SurfacingFailures Surfacing(ChildTally tally) =>
            tally.Succeeded >= successes ? SurfacingFailures.None : SurfacingFailures.All;

        protected internal override Exception? Shortfall(ChildTally tally) => tally.Succeeded >= successes
            ? null
            : new InvalidOperationException(
                $"{successes} of the children had to succeed, and {tally.Succeeded} did; {tally.Cancelled} were cancelled and none failed.");
    }
}
