namespace Treeline;

/// <summary>
/// One task-local bound to one value, and the bindings around it: a list that never changes, newest first. All task-locals
/// share the one <see cref="AsyncLocal{T}"/> that holds it, so those that are not in use cost nothing, and one that is
/// costs what one AsyncLocal does.
/// </summary>
internal abstract class TaskLocalBinding(object local, TaskLocalBinding? outer)
{
    private static readonly AsyncLocal<TaskLocalBinding?> s_current = new();

    /// <summary>The innermost binding of the running code.</summary>
    public static TaskLocalBinding? Current
    {
        get => s_current.Value;
        set => s_current.Value = value;
    }

    /// <summary>The innermost binding of <paramref name="local"/>.</summary>
    public static TaskLocalBinding? Find(object local)
    {
        TaskLocalBinding? binding = s_current.Value;
        while (binding is not null && !ReferenceEquals(binding.Local, local))
        {
            binding = binding.Outer;
        }

        return binding;
    }

    private object Local { get; } = local;

    private TaskLocalBinding? Outer { get; } = outer;
}
