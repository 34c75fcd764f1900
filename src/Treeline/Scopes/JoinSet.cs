using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// Children whose results are taken one after the other, in the order in which they end. Each comes as an
/// <see cref="Outcome{T}"/>: a failure stays with its child and cancels nobody. More may be spawned at any time.
/// </summary>
/// <remarks>
/// <para>Open it with <c>await using</c>: disposing cancels what still runs, waits for it, and throws failures that nobody
/// has taken. Any number of consumers may take at the same time; each outcome goes to one of them, to who waits longest.</para>
/// <para>There is no way to detach a child: for work that is to outlive this code there is <see cref="TaskScope"/> further
/// up, or <see cref="BackgroundTasks"/>. A value that is never taken is dropped.</para>
/// </remarks>
/// <typeparam name="T">The type of the children's results.</typeparam>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class JoinSet<T> : IAsyncEnumerable<Outcome<T>>, IAsyncDisposable
{
    private static readonly ScopeOptions s_supervise = new() { OnFailure = FailurePolicy.Supervise };

    private readonly TaskScope _scope;
    private readonly OutcomeQueue<T> _outcomes;

    private JoinSet(TaskScope scope)
    {
        _scope = scope;
        _outcomes = new OutcomeQueue<T>(scope);
    }

    /// <summary>How many children there are whose outcome has not been taken, whether or not they have ended.</summary>
    public int Count => _outcomes.Count;

    /// <summary>Opens a join set under the node the calling code runs in, or at the top of the tree.</summary>
    /// <param name="cancellationToken">Cancels all children.</param>
    /// <param name="name">How the set is shown in the tree and in errors; by default the method that opens it.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The set. If the node that opened it ends first, its children are cancelled and it is closed.</returns>
    /// <exception cref="InvalidOperationException">The node the calling code ran in has ended.</exception>
    [SuppressMessage("Design", "CA1000", Justification = "The type of the results cannot be inferred: it is said once, here.")]
    public static JoinSet<T> Open(
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        new(TaskScope.Open(s_supervise, cancellationToken, name, file, line));

    /// <summary>
    /// Starts <paramref name="work"/> as a child of the set. Its result comes with its outcome.
    /// </summary>
    /// <param name="work">Gets the set's token.</param>
    /// <param name="name">How the child is shown in the tree and in errors; by default where it was spawned.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The child, to look at. Who awaits it has looked at its failure; its outcome can be taken all the same.</returns>
    /// <exception cref="InvalidOperationException">The set has been disposed.</exception>
    public ChildTask Spawn(
        Func<CancellationToken, Task<T>> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        _outcomes.Watch(_scope.Spawn(work, name, file, line));

    /// <inheritdoc cref="Spawn(Func{CancellationToken, Task{T}}, string?, string, int)"/>
    [OverloadResolutionPriority(1)]
    public ChildTask Spawn(
        Func<CancellationToken, ValueTask<T>> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        _outcomes.Watch(_scope.Spawn(work, name, file, line));

    /// <inheritdoc cref="Spawn(Func{CancellationToken, Task{T}}, string?, string, int)"/>
    [OverloadResolutionPriority(2)]
    public ChildTask Spawn(
        Func<CancellationToken, Fiber<T>> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        _outcomes.Watch(_scope.Spawn(work, name, file, line));

    /// <summary>
    /// Takes the outcome of the child that ended first among those not taken yet; waits for one if need be.
    /// Cancellation: a cancelled wait has taken nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, and nothing else.</param>
    /// <returns>The outcome; null when there are no more children. Await it once.</returns>
    public ValueTask<Outcome<T>?> JoinNextAsync(CancellationToken cancellationToken = default) =>
        _outcomes.TakeAsync(cancellationToken);

    /// <summary>As <see cref="JoinNextAsync"/>, without waiting.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <returns>False if no child has ended whose outcome has not been taken.</returns>
    public bool TryJoinNext(out Outcome<T> outcome) => _outcomes.TryTake(out outcome);

    /// <summary>
    /// Takes the outcomes of all children, those spawned meanwhile included, as they end.
    /// Cancellation: a cancelled wait has taken nothing. Who stops early takes the rest later.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, and nothing else.</param>
    /// <returns>What <c>await foreach</c> uses.</returns>
    public async IAsyncEnumerator<Outcome<T>> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (await JoinNextAsync(cancellationToken).ConfigureAwait(SchedulerContext.IsCurrent) is { } outcome)
        {
            yield return outcome;
        }
    }

    /// <summary>
    /// Cancels all children. Their outcomes come as those of any child. What is spawned from now on never starts, and its
    /// outcome is cancelled.
    /// </summary>
    /// <param name="reason">Why; it is shown in the exceptions that result.</param>
    /// <exception cref="AggregateException">Callbacks registered on tokens of the set threw; all of them have run.</exception>
    public void CancelAll(string? reason = null) => _scope.Cancel(reason);

    /// <summary>
    /// Cancels the children that still run and waits for them. Failures that nobody has taken are thrown here, those of
    /// clean-up included; cancellations are not, since they were asked for.
    /// Cancellation: waiting is not cancelled.
    /// </summary>
    /// <returns>A task that completes when the set has left the tree.</returns>
    /// <exception cref="ScopeException">Several failures were not taken. A single one is rethrown as itself.</exception>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _scope.DisposeAsync().ConfigureAwait(SchedulerContext.IsCurrent);
        }
        finally
        {
            _outcomes.Clear();
        }
    }

    /// <summary>The path and how many outcomes are to be taken.</summary>
    public override string ToString() => $"{_scope.Path} ({Count} to join)";
}
