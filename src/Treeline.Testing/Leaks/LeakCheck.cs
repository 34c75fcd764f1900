using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Text;

namespace Treeline.Testing;

/// <summary>
/// Fails a test that leaves something behind: a node of the tree, a timer, a registration on a token, or a thread that still
/// runs what the test started.
/// </summary>
/// <remarks>
/// <para>What it looks at:</para>
/// <list type="bullet">
/// <item>nodes: everything in <see cref="TaskTree"/> that was not there at the start;</item>
/// <item>timers: those of <see cref="Clock"/>, and of each <see cref="VirtualTime"/> it is told to <see cref="Watch"/>;</item>
/// <item>registrations: of scopes on tokens from outside the tree, and callbacks that <c>Register</c> put on <see cref="Token"/>
/// (not those of <c>UnsafeRegister</c>, which .NET does not let anybody see);</item>
/// <item>threads: those, of the thread pool or others, that run code which the test started (<c>Task.Run</c>, <c>new
/// Thread</c>), wherever the execution context flowed; and those of executors of Treeline's that were not disposed of.</item>
/// </list>
/// <para>The tree is that of the whole process, so tests that check it must not run beside others that use Treeline. What is
/// about to end when the check does is given a second.</para>
/// </remarks>
public sealed class LeakCheck : IAsyncDisposable
{
    // In real time; only a test that leaks waits for so long.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly HashSet<long> _nodesBefore = [.. AllNodes().Select(static node => node.Id)];
    private readonly HashSet<CancelScope> _registeredBefore = [.. OuterRegistrations.Open];
    private readonly HashSet<Thread> _threadsBefore = [.. ThreadCensus.Alive];
    private readonly CountingClock _clock = new();
    private readonly List<VirtualTime> _watched = [];
    private readonly CancellationTokenSource _source = new();
    private readonly ContextThreads _threads = new();
    private readonly ContextThreads? _outerThreads = ContextThreads.Current;
    private int _ended;

    private LeakCheck()
    {
        OuterRegistrations.Watch();
        ContextThreads.Current = _threads;
    }

    /// <summary>The system's clock, for the code under test: timers of it must not be set at the end.</summary>
    public TimeProvider Clock => _clock;

    /// <summary>A token for the code under test: nothing must be registered on it at the end. It is not cancelled before.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Starts a check, which ends when it is disposed of. <c>RunAsync</c> cannot be forgotten; prefer it.</summary>
    /// <returns>The check. With <c>await using</c>, what it throws hides what the test threw.</returns>
    public static LeakCheck Start() => new();

    /// <summary>
    /// Runs <paramref name="body"/>, then checks.
    /// Cancellation: none; the body ends when it does.
    /// </summary>
    /// <param name="body">The test.</param>
    /// <returns>A task that completes when the check is over.</returns>
    /// <exception cref="LeakException">The body left something behind.</exception>
    /// <exception cref="AggregateException">The body failed, and left something behind. A failure alone is rethrown as itself.</exception>
    public static async Task RunAsync(Func<LeakCheck, Task> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        var check = new LeakCheck();
        ExceptionDispatchInfo? failure = null;
        try
        {
            await body(check).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
        }

        try
        {
            await check.DisposeAsync().ConfigureAwait(false);
        }
        catch (LeakException leak) when (failure is not null)
        {
            throw new AggregateException(failure.SourceException, leak);
        }

        failure?.Throw();
    }

    /// <inheritdoc cref="RunAsync(Func{LeakCheck, Task})"/>
    [OverloadResolutionPriority(1)]
    public static Task RunAsync(Func<LeakCheck, ValueTask> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunAsync(async check => await body(check).ConfigureAwait(false));
    }

    /// <inheritdoc cref="RunAsync(Func{LeakCheck, Task})"/>
    [OverloadResolutionPriority(2)]
    public static Task RunAsync(Func<LeakCheck, Fiber> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunAsync(async Task (check) => await body(check));
    }

    /// <summary>Includes the timers of <paramref name="time"/>: none must be set at the end.</summary>
    /// <param name="time">The clock.</param>
    /// <returns>The clock.</returns>
    public VirtualTime Watch(VirtualTime time)
    {
        ArgumentNullException.ThrowIfNull(time);
        lock (_watched)
        {
            _watched.Add(time);
        }

        return time;
    }

    /// <summary>
    /// Ends the check. What is about to end is waited for, up to a second.
    /// Cancellation: none.
    /// </summary>
    /// <returns>A task that completes when nothing is left.</returns>
    /// <exception cref="LeakException">Something is.</exception>
    public ValueTask DisposeAsync()
    {
        // Here, and not in an async method, so that it is the caller's context that is put back.
        if (ReferenceEquals(ContextThreads.Current, _threads))
        {
            ContextThreads.Current = _outerThreads;
        }

        return Interlocked.Exchange(ref _ended, 1) != 0 ? ValueTask.CompletedTask : new ValueTask(EndAsync());
    }

    private static List<NodeSnapshot> AllNodes()
    {
        var all = new List<NodeSnapshot>(TaskTree.Snapshot().Roots);
        for (int i = 0; i < all.Count; i++)
        {
            all.AddRange(all[i].Children);
        }

        return all;
    }

    private async Task EndAsync()
    {
        string leaks = Leaks();
        for (long since = Stopwatch.GetTimestamp(); leaks.Length > 0 && Stopwatch.GetElapsedTime(since) < s_patience;)
        {
            await Task.Delay(10).ConfigureAwait(false);
            leaks = Leaks();
        }

        OuterRegistrations.Unwatch();
        int callbacks = CallbacksLeft();
        if (callbacks > 0)
        {
            leaks += $"{Environment.NewLine}- callbacks registered on the Token of the check: {callbacks}. Dispose of what Register returns";
        }

        if (leaks.Length > 0)
        {
            throw new LeakException($"The test is over, and it has left behind:{leaks}");
        }
    }

    /// <summary>What is left, in words; empty: nothing.</summary>
    private string Leaks()
    {
        var text = new StringBuilder();
        NodeSnapshot[] nodes = Topmost(AllNodes());
        if (nodes.Length > 0)
        {
            Add(text, $"nodes of the tree:{Environment.NewLine}{TreeText.Of(nodes)}");
        }

        foreach (string timer in _clock.Pending)
        {
            Add(text, $"a timer of Clock, {timer}");
        }

        lock (_watched)
        {
            foreach (VirtualTime time in _watched.Where(static time => time.PendingTimers > 0))
            {
                Add(text, $"timers of a virtual time that are set: {time.PendingTimers}");
            }
        }

        foreach (CancelScope scope in OuterRegistrations.Open.Where(scope => !_registeredBefore.Contains(scope)))
        {
            Add(text, $"the registration of '{scope.Path}' ({scope.SpawnSite}) on a token from outside the tree");
        }

        foreach (Thread thread in _threads.Running.Where(static thread => thread != Thread.CurrentThread))
        {
            Add(text, thread.IsThreadPoolThread
                ? "a thread of the pool that still runs code started by the test (Task.Run, or what goes on after an await)"
                : $"the thread '{thread.Name ?? thread.ManagedThreadId.ToString(CultureInfo.InvariantCulture)}' that the test started");
        }

        foreach (Thread thread in ThreadCensus.Alive.Where(thread => !_threadsBefore.Contains(thread)))
        {
            Add(text, $"the thread '{thread.Name}' of an executor that was not disposed of");
        }

        return text.ToString();
    }

    private static void Add(StringBuilder text, string leak) => text.AppendLine().Append("- ").Append(leak);

    private NodeSnapshot[] Topmost(List<NodeSnapshot> all)
    {
        NodeSnapshot[] left = [.. all.Where(node => !_nodesBefore.Contains(node.Id))];
        HashSet<long> below = [.. left.SelectMany(static node => node.Children).Select(static node => node.Id)];
        return [.. left.Where(node => !below.Contains(node.Id))];
    }

    /// <summary>
    /// How many callbacks that were registered in the context of the test are still on the token. There is one way to see:
    /// calling them. Each runs in the context in which it was registered, and entering that is noted.
    /// </summary>
    private int CallbacksLeft()
    {
        int before = _threads.Entered;
        try
        {
            _source.Cancel();
        }
        catch (AggregateException)
        {
            // They are called only to be counted.
        }

        int count = _threads.Entered - before;
        _source.Dispose();
        return count;
    }
}
