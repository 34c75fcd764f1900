namespace Treeline;

/// <summary>A <see cref="TaskPromise{T}"/> whose type of result does not matter.</summary>
internal abstract class TaskPromise
{
    /// <summary>Ends the task of a scope's run: with the result of its body, or with an error.</summary>
    public abstract void CompleteRun(object? body, Exception? error);
}
