using System.Runtime.CompilerServices;

namespace Treeline.Tests;

/// <summary>
/// Stands in for the scope of the product in tests that are compiled here as well: it has only the overloads that take
/// tasks. So the very same async lambdas are no fibers, and the contract is shown to hold for plain delegates too.
/// </summary>
public sealed class TaskScope : IAsyncDisposable
{
    private readonly Treeline.TaskScope _scope;

    private TaskScope(Treeline.TaskScope scope) => _scope = scope;

    public long Id => _scope.Id;

    public string Name => _scope.Name;

    public string Path => _scope.Path;

    public NodeState State => _scope.State;

    public CancellationToken Token => _scope.Token;

    public bool IsCancellationRequested => _scope.IsCancellationRequested;

    public string? CancelReason => _scope.CancelReason;

    public bool IsStopping => _scope.IsStopping;

    public string? StopReason => _scope.StopReason;

    public CancellationToken StoppingToken => _scope.StoppingToken;

    public DateTimeOffset? Deadline
    {
        get => _scope.Deadline;
        set => _scope.Deadline = value;
    }

    [OverloadResolutionPriority(2)]
    public static Task RunAsync(
        Func<TaskScope, Task> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Treeline.TaskScope.RunAsync(Task (scope) => body(new TaskScope(scope)), cancellationToken, name, file, line);

    [OverloadResolutionPriority(3)]
    public static Task RunAsync(
        Func<TaskScope, ValueTask> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Treeline.TaskScope.RunAsync(ValueTask (scope) => body(new TaskScope(scope)), cancellationToken, name, file, line);

    [OverloadResolutionPriority(2)]
    public static Task<T> RunAsync<T>(
        Func<TaskScope, Task<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Treeline.TaskScope.RunAsync(Task<T> (scope) => body(new TaskScope(scope)), cancellationToken, name, file, line);

    [OverloadResolutionPriority(3)]
    public static Task<T> RunAsync<T>(
        Func<TaskScope, ValueTask<T>> body,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Treeline.TaskScope.RunAsync(ValueTask<T> (scope) => body(new TaskScope(scope)), cancellationToken, name, file, line);

    public static Task RunAsync(
        Func<TaskScope, Task> body,
        ScopeOptions options,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Treeline.TaskScope.RunAsync(Task (scope) => body(new TaskScope(scope)), options, cancellationToken, name, file, line);

    [OverloadResolutionPriority(1)]
    public static Task RunAsync(
        Func<TaskScope, ValueTask> body,
        ScopeOptions options,
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        Treeline.TaskScope.RunAsync(ValueTask (scope) => body(new TaskScope(scope)), options, cancellationToken, name, file, line);

    public static TaskScope Open(
        CancellationToken cancellationToken = default,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) =>
        new(Treeline.TaskScope.Open(cancellationToken, name, file, line));

    public ChildTask Spawn(
        Func<CancellationToken, Task> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) => _scope.Spawn(work, name, file, line);

    [OverloadResolutionPriority(1)]
    public ChildTask Spawn(
        Func<CancellationToken, ValueTask> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) => _scope.Spawn(work, name, file, line);

    public ChildTask<T> Spawn<T>(
        Func<CancellationToken, Task<T>> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) => _scope.Spawn(work, name, file, line);

    [OverloadResolutionPriority(1)]
    public ChildTask<T> Spawn<T>(
        Func<CancellationToken, ValueTask<T>> work,
        string? name = null,
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) => _scope.Spawn(work, name, file, line);

    public Task JoinAsync() => _scope.JoinAsync();

    public void Cancel(string? reason = null) => _scope.Cancel(reason);

    public void Stop(TimeSpan? grace = null, string? reason = null) => _scope.Stop(grace, reason);

    public CancelScope Shield(
        TimeSpan timeout,
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) => _scope.Shield(timeout, name, file, line);

    public CancelScope Child(
        [CallerMemberName] string name = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0) => _scope.Child(name, file, line);

    public ValueTask DisposeAsync() => _scope.DisposeAsync();
}
