using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>
/// A value that code finds without being handed it: the user of a request, a correlation id. It is bound for the time that
/// some code runs, cannot be changed by that code, and is inherited by the children that code spawns.
/// <code>static readonly TaskLocal&lt;User&gt; User = new("user");</code>
/// </summary>
/// <remarks>
/// There is nothing to set: a binding ends with the code it was made for, and a nested one hides it for as long as that
/// lasts. So a callee cannot change what its caller sees, which an <see cref="AsyncLocal{T}"/> cannot promise. A child
/// inherits what is bound where it is spawned; <see cref="TaskLocal.SuppressInheritance"/> keeps it from that.
/// </remarks>
/// <typeparam name="T">The type of the value. What it holds should not change either.</typeparam>
/// <param name="name">What it is called, for errors.</param>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class TaskLocal<T>(string name)
{
    /// <summary>What it is called.</summary>
    public string Name { get; } = name ?? throw new ArgumentNullException(nameof(name));

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">It is not bound here.</exception>
    public T Value => TryGet(out T? value) ? value : throw new InvalidOperationException(
        $"The task-local '{Name}' is not bound here. Run the code that needs it, or some code around that, in Run or RunAsync "
        + $"of '{Name}'; where it may be missing, use TryGet. (Code started under ExecutionContext.SuppressFlow() or "
        + "TaskLocal.SuppressInheritance(), and callbacks that were registered elsewhere, do not inherit it.)");

    /// <summary>True where it has a value.</summary>
    public bool IsBound => TaskLocalBinding.Find(this) is not null;

    /// <summary>Gives the value if it is bound here.</summary>
    /// <param name="value">The value.</param>
    /// <returns>False if it is not bound.</returns>
    public bool TryGet([MaybeNullWhen(false)] out T value)
    {
        if (TaskLocalBinding.Find(this) is TaskLocalBinding<T> binding)
        {
            value = binding.Value;
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Runs <paramref name="body"/>, for which it is bound to <paramref name="value"/>.</summary>
    /// <param name="value">The value.</param>
    /// <param name="body">Runs at once, on the caller's thread.</param>
    public void Run(T value, Action body)
    {
        ArgumentNullException.ThrowIfNull(body);
        TaskLocalBinding? before = Bind(value);
        try
        {
            body();
        }
        finally
        {
            TaskLocalBinding.Current = before;
        }
    }

    /// <inheritdoc cref="Run(T, Action)"/>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    /// <returns>What <paramref name="body"/> returned.</returns>
    public TResult Run<TResult>(T value, Func<TResult> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        TaskLocalBinding? before = Bind(value);
        try
        {
            return body();
        }
        finally
        {
            TaskLocalBinding.Current = before;
        }
    }

    /// <summary>
    /// Runs <paramref name="body"/>, for which it is bound to <paramref name="value"/>, also after each of its awaits.
    /// Cancellation: it ends as its code does.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="body">Runs at once, on the caller's thread, until its first await.</param>
    /// <returns>A task that ends as <paramref name="body"/> does.</returns>
    public Task RunAsync(T value, Func<Task> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunBoundAsync(value, body);
    }

    /// <inheritdoc cref="RunAsync(T, Func{Task})"/>
    [OverloadResolutionPriority(1)]
    public Task RunAsync(T value, Func<ValueTask> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunBoundAsync(value, body);
    }

    /// <inheritdoc cref="RunAsync(T, Func{Task})"/>
    [OverloadResolutionPriority(2)]
    public Task RunAsync(T value, Func<Fiber> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunBoundAsync(value, body);
    }

    /// <inheritdoc cref="RunAsync(T, Func{Task})"/>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    /// <returns>What <paramref name="body"/> returns.</returns>
    public Task<TResult> RunAsync<TResult>(T value, Func<Task<TResult>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunBoundAsync(value, body);
    }

    /// <inheritdoc cref="RunAsync{TResult}(T, Func{Task{TResult}})"/>
    [OverloadResolutionPriority(1)]
    public Task<TResult> RunAsync<TResult>(T value, Func<ValueTask<TResult>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunBoundAsync(value, body);
    }

    /// <inheritdoc cref="RunAsync{TResult}(T, Func{Task{TResult}})"/>
    [OverloadResolutionPriority(2)]
    public Task<TResult> RunAsync<TResult>(T value, Func<Fiber<TResult>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunBoundAsync(value, body);
    }

    /// <summary>The name, and the value if it is bound here.</summary>
    public override string ToString() => TryGet(out T? value) ? $"{Name}: {value}" : $"{Name} (not bound here)";

    // An async method leaves its caller's context as it was: that ends the binding there.

    private async Task RunBoundAsync(T value, Func<Task> body)
    {
        Bind(value);
        await (body() ?? throw ReturnedNull()).ConfigureAwait(SchedulerContext.IsCurrent);
    }

    private async Task RunBoundAsync(T value, Func<ValueTask> body)
    {
        Bind(value);
        await body().ConfigureAwait(SchedulerContext.IsCurrent);
    }

    private async Task RunBoundAsync(T value, Func<Fiber> body)
    {
        Bind(value);
        await body();
    }

    private async Task<TResult> RunBoundAsync<TResult>(T value, Func<Task<TResult>> body)
    {
        Bind(value);
        return await (body() ?? throw ReturnedNull()).ConfigureAwait(SchedulerContext.IsCurrent);
    }

    private async Task<TResult> RunBoundAsync<TResult>(T value, Func<ValueTask<TResult>> body)
    {
        Bind(value);
        return await body().ConfigureAwait(SchedulerContext.IsCurrent);
    }

    private async Task<TResult> RunBoundAsync<TResult>(T value, Func<Fiber<TResult>> body)
    {
        Bind(value);
        return await body();
    }

    /// <summary>Binds it in the current context; gives what was bound there before.</summary>
    private TaskLocalBinding? Bind(T value)
    {
        TaskLocalBinding? before = TaskLocalBinding.Current;
        TaskLocalBinding.Current = new TaskLocalBinding<T>(this, value, before);
        return before;
    }

    private InvalidOperationException ReturnedNull() =>
        new($"The delegate given to RunAsync of the task-local '{Name}' returned null instead of a task.");
}
