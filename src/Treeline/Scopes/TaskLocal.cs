namespace Treeline;

/// <summary>What concerns all <see cref="TaskLocal{T}"/> at once.</summary>
public static class TaskLocal
{
    /// <summary>
    /// Until it is disposed, no task-local is bound: neither for the code in between nor for what that code starts.
    /// <code>using (TaskLocal.SuppressInheritance()) scope.Spawn(…);</code>
    /// Dispose it in the method that called this, before the next await.
    /// </summary>
    /// <returns>Dispose it to have the bindings back.</returns>
    public static TaskLocalSuppression SuppressInheritance()
    {
        TaskLocalBinding? before = TaskLocalBinding.Current;
        if (before is not null)
        {
            TaskLocalBinding.Current = null;
        }

        return new TaskLocalSuppression(before);
    }
}
