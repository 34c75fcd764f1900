using System.Diagnostics.CodeAnalysis;

namespace Treeline.Testing;

/// <summary>One body, run in a scope on one thread in virtual time, from its first step to the last of what it left.</summary>
/// <remarks>Owner: the thread that runs it.</remarks>
internal sealed class VirtualRun
{
    // What is ready when the body's scope has ended was forgotten by somebody, and may go on for ever.
    private const int MostDispatchesAfterTheEnd = 1_000;

    private readonly VirtualTime _time;
    private readonly List<Exception> _thrown = [];
    private TaskScope? _scope;

    private VirtualRun(VirtualTime time) => _time = time;

    /// <summary>
    /// Runs what <paramref name="open"/> starts, and returns it when it has ended; throws what nobody else can have thrown
    /// at the test: that nothing goes on, and what work items threw.
    /// </summary>
    /// <param name="time">The clock.</param>
    /// <param name="order">Chooses what runs next. Null: what came first.</param>
    /// <param name="open">Opens the scope that the run is; is given what the body has to be called through.</param>
    public static Task Run(VirtualTime time, SeededOrder? order, Func<VirtualRun, Task> open) =>
        new VirtualRun(time).Run(order, open);

    /// <summary>The options of the scope.</summary>
    public ScopeOptions Options(string name) => new() { Name = name, TimeProvider = _time };

    /// <summary>Notes the scope that was opened for the body, which begins now.</summary>
    public TaskScope Enter(TaskScope scope) => _scope = scope;

    private Task Run(SeededOrder? order, Func<VirtualRun, Task> open)
    {
        // A run is a tree of its own, wherever the test that started it lives.
        Ambient.Published = null;
        using var crank = new VirtualTimeCrank(_time, order);
        _time.BeginRun(crank);
        try
        {
            Task? running = null;
            var ended = new TaskCompletionSource();
            crank.Post(new Work(() =>
            {
                running = open(this);
                _ = running.ContinueWith(
                    _ => ended.SetResult(),
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }));
            RunUntil(ended.Task, crank);
            Turn(() => crank.RunWhatIsReady(MostDispatchesAfterTheEnd));
            if (_thrown.Count > 0)
            {
                Throw(running!.Exception);
            }

            return running!;
        }
        finally
        {
            _time.EndRun();
        }
    }

    private void RunUntil(Task ended, VirtualTimeCrank crank)
    {
        bool cancelled = false;
        while (!ended.IsCompleted)
        {
            string? trouble = null;
            if (!Turn(() => trouble = crank.TryRunUntil(ended) ? null : "nothing can go on any more"))
            {
                trouble = $"its code threw {_thrown[^1].GetType().Name} where nobody can catch it";
            }
            else if (trouble is not null)
            {
                _thrown.Add(new StuckException(_time.Elapsed, TreeOf(_scope), afterCancel: cancelled));
            }

            if (trouble is null || ended.IsCompleted)
            {
                continue;
            }

            if (_scope is null || (cancelled && _thrown[^1] is StuckException))
            {
                // It does not even end when it is cancelled. What is left of it stays in the tree, for everybody to see.
                Throw(null);
            }

            if (!cancelled)
            {
                cancelled = true;
                crank.Post(new Work(() => _scope.Cancel($"the test is over: {trouble}")));
            }
        }
    }

    /// <summary>What is alive of the run.</summary>
    private static string TreeOf(TaskScope? scope)
    {
        NodeSnapshot[] alive = [.. TaskTree.Snapshot().Roots.Where(root => root.Id == scope?.Id)];
        return alive.Length == 0 ? "  (no node of it is alive)" : TreeText.Of(alive);
    }

    /// <summary>False: a work item threw.</summary>
    private bool Turn(Action turn)
    {
        try
        {
            turn();
            return true;
        }
        catch (Exception e)
        {
            _thrown.Add(e);
            return false;
        }
    }

    [DoesNotReturn]
    private void Throw(AggregateException? ofTheBody)
    {
        IEnumerable<Exception> all = _thrown.Concat(ofTheBody?.InnerExceptions ?? Enumerable.Empty<Exception>());
        Exception[] errors = [.. all.Distinct()];
        if (errors.Length == 1)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(errors[0]);
        }

        throw new AggregateException(errors);
    }

    private sealed class Work(Action action) : IThreadPoolWorkItem
    {
        public void Execute() => action();
    }
}
