using System.Collections.Concurrent;

namespace Treeline.Tests.Stress;

/// <summary>
/// A program of scopes drawn from a seed: it spawns, nests, fails, cancels, times out, forgets to await, opens, joins and
/// disposes, on real threads. It writes down what happened, so that the contract can be checked afterwards.
/// </summary>
/// <remarks>
/// The seed fixes what each node does, not how the threads interleave. So a seed that failed may have to be run many times.
/// </remarks>
internal sealed class RandomProgram(int seed)
{
    private const int MaxDepth = 4;

    // Those under which a failure that was thrown must surface somewhere.
    private static readonly FailurePolicy[] s_policies =
        [FailurePolicy.FailFast, FailurePolicy.FailFast, FailurePolicy.Supervise, FailurePolicy.Supervise, FailurePolicy.CollectAll];

    private readonly ManualTimeProvider _clock = new();
    private readonly ConcurrentBag<ChildTask> _children = [];
    private readonly ConcurrentBag<TaskScope> _scopes = [];
    private readonly ConcurrentBag<Exception> _thrown = [];
    private readonly ConcurrentBag<Exception> _reported = [];
    private readonly ConcurrentBag<string> _broken = [];
    private CancellationToken _outer;
    private int _running;

    public async Task RunAsync()
    {
        // Cancels, times out and cancels from outside, while the program runs.
        using var stop = new CancellationTokenSource();
        using var outer = new CancellationTokenSource();
        _outer = outer.Token;
        Task meddler = Task.Run(() => Meddle(new Random(seed), outer, stop.Token), CancellationToken.None);
        await ObserveAsync(() => TaskScope.RunAsync(_ => ScopeAsync(new Random(seed), 0, "top"), name: "program"));
        await stop.CancelAsync();
        await meddler;
        Check();
    }

    private void Meddle(Random random, CancellationTokenSource outer, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Thread.SpinWait(random.Next(2_000));
            switch (random.Next(40))
            {
                case 0 when _scopes.TryPeek(out TaskScope? scope):
                    scope.Cancel("meddler");
                    break;
                case 1:
                    _clock.Advance(TimeSpan.FromSeconds(1));
                    break;
                case 2:
                    outer.Cancel();
                    break;
                case 4 when _scopes.TryPeek(out TaskScope? scope):
                    scope.Stop(random.Next(2) == 0 ? null : TimeSpan.FromSeconds(1), "meddler");
                    break;
                case 3:
                    _ = TaskTree.Snapshot();
                    break;
            }
        }
    }

    private Task ScopeAsync(Random random, int depth, string name)
    {
        bool shield = depth > 0 && random.Next(8) == 0;
        var options = new ScopeOptions
        {
            Name = name,
            OnFailure = s_policies[random.Next(s_policies.Length)],
            Timeout = shield || random.Next(4) == 0 ? TimeSpan.FromSeconds(random.Next(1, 4)) : null,
            Grace = random.Next(2) == 0 ? TimeSpan.FromSeconds(random.Next(3)) : null,
            MaxConcurrency = random.Next(6) == 0 ? random.Next(1, 4) : null,
            Shield = shield,
            TimeProvider = _clock,
        };
        int next = random.Next();
        CancellationToken outer = random.Next(3) == 0 ? _outer : CancellationToken.None;
        return random.Next(3) == 0
            ? OpenFormAsync(new Random(next), depth, options, outer)
            : TaskScope.RunAsync(scope => BodyAsync(scope, new Random(next), depth), options, outer);
    }

    private async Task OpenFormAsync(Random random, int depth, ScopeOptions options, CancellationToken outer)
    {
        TaskScope scope = TaskScope.Open(options, outer);
        _scopes.Add(scope);
        SpawnSome(scope, random, depth);
        switch (random.Next(4))
        {
            case 0: // forgotten: ends with the node it was opened in
                return;
            case 1:
                await scope.DisposeAsync();
                break;
            case 2:
                await Task.WhenAll(ObserveAsync(scope.JoinAsync), scope.DisposeAsync().AsTask());
                break;
            default:
                try
                {
                    await scope.JoinAsync();
                }
                finally
                {
                    await scope.DisposeAsync();
                }

                break;
        }

        Expect(scope.State is NodeState.Succeeded or NodeState.Failed or NodeState.Cancelled, $"{scope} is not closed");
    }

    private async Task BodyAsync(TaskScope scope, Random random, int depth)
    {
        _scopes.Add(scope);
        List<ChildTask<int>> children = SpawnSome(scope, random, depth);
        foreach (ChildTask<int> child in children)
        {
            switch (random.Next(5))
            {
                case 0:
                    await child;
                    Expect(child.IsCompleted, $"{child} was awaited and has not ended");
                    break;
                case 1:
                    Outcome<int> outcome = await child.OutcomeAsync();
                    Report(outcome.Error);
                    break;
                case 2:
                    await ObserveAsync(child.AsTask);
                    break;
            }
        }

        await MischiefAsync(scope, random, depth);
    }

    private List<ChildTask<int>> SpawnSome(TaskScope scope, Random random, int depth)
    {
        var children = new List<ChildTask<int>>();
        for (int i = random.Next(depth == 0 ? 2 : 0, 5); i > 0; i--)
        {
            int next = random.Next();
            ChildTask<int> child = scope.Spawn(ct => ChildAsync(scope, new Random(next), depth, ct));
            children.Add(child);
            _children.Add(child);
        }

        return children;
    }

    private async Task<int> ChildAsync(TaskScope scope, Random random, int depth, CancellationToken ct)
    {
        Interlocked.Increment(ref _running);
        try
        {
            if (random.Next(2) == 0)
            {
                await Task.Yield();
            }

            await MischiefAsync(scope, random, depth);
            if (random.Next(4) == 0 && scope.Ledger is not { Limit: not null })
            {
                // Waits for a cancellation that a sibling brings, if nobody else does. (Under a limit it may never get its turn.)
                bool fail = random.Next(2) == 0 && scope.FailsFast;
                scope.Spawn(_ => fail ? throw NewFailure() : CancelAsync(scope));
                await Task.Delay(Timeout.Infinite, ct);
            }

            return 42;
        }
        finally
        {
            if (random.Next(3) == 0)
            {
                await Task.Yield();
            }

            Interlocked.Decrement(ref _running);
        }
    }

    private async Task MischiefAsync(TaskScope scope, Random random, int depth)
    {
        switch (random.Next(12))
        {
            case 0:
                throw NewFailure();
            case 1:
                scope.Cancel("its own");
                break;
            case 2 or 3 or 4 when depth < MaxDepth:
                await ScopeAsync(random, depth + 1, "nested");
                break;
            case 5 when depth < MaxDepth:
                await ObserveAsync(() => ScopeAsync(random, depth + 1, "handled"));
                break;
            case 6 when depth < MaxDepth:
                // Forgotten. What it throws while its parent runs is nobody's: hand it to the records.
                Record(ScopeAsync(random, depth + 1, "forgotten"));
                break;
            case 7:
                SpawnSome(scope, random, MaxDepth);
                break;
            case 8:
                CancelScope below = scope.Child();
                if (random.Next(2) == 0)
                {
                    below.Cancel("below only");
                    await below.DisposeAsync();
                }

                break;
            case 9:
                throw new TaskCanceledException("of something else");
        }
    }

    private static Task CancelAsync(TaskScope scope)
    {
        scope.Cancel("a child");
        return Task.CompletedTask;
    }

    private OopsException NewFailure()
    {
        var failure = new OopsException($"failure {_thrown.Count}");
        _thrown.Add(failure);
        return failure;
    }

    private void Record(Task task) => task.ContinueWith(
        ended =>
        {
            foreach (Exception error in ended.Exception?.InnerExceptions ?? Enumerable.Empty<Exception>())
            {
                Report(error);
            }
        },
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    private async Task ObserveAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (Exception e)
        {
            Report(e);
        }
    }

    private void Report(Exception? error)
    {
        if (error is AggregateException several)
        {
            foreach (Exception inner in several.InnerExceptions)
            {
                Report(inner);
            }

            Expect(
                several.InnerExceptions.Distinct().Count() == several.InnerExceptions.Count,
                $"reported twice in one exception: {several.Message}");
        }
        else if (error is not null)
        {
            _reported.Add(error);
        }
    }

    private void Check()
    {
        Expect(_running == 0, $"{_running} children still run after the program's end");
        foreach (ChildTask child in _children)
        {
            Expect(child.IsCompleted, $"{child} never ended");
        }

        foreach (TaskScope scope in _scopes)
        {
            Expect(scope.State is NodeState.Succeeded or NodeState.Failed or NodeState.Cancelled, $"{scope} is not closed");
            Expect(
                scope.Cause is not { } cause || UpToShield(scope).Contains(cause.Origin),
                $"{scope} was cancelled from elsewhere: {scope.CancelReason}");
        }

        var reported = new HashSet<Exception>(_reported, ReferenceEqualityComparer.Instance);
        foreach (Exception failure in _thrown)
        {
            Expect(reported.Contains(failure), $"nobody heard of '{failure.Message}'");
        }

        Assert.True(_broken.IsEmpty, $"Seed {seed}: {string.Join("; ", _broken)}");
    }

    private static IEnumerable<TreeNode> UpToShield(TreeNode? node)
    {
        for (; node is not null; node = node is CancelScope { IsShielded: true } ? null : node.Parent)
        {
            yield return node;
        }
    }

    private void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            _broken.Add(otherwise);
        }
    }
}
