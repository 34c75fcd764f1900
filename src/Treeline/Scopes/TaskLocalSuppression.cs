namespace Treeline;

/// <summary>The time in which no <see cref="TaskLocal{T}"/> is bound; see <see cref="TaskLocal.SuppressInheritance"/>.</summary>
public readonly ref struct TaskLocalSuppression
{
    private readonly TaskLocalBinding? _before;

    internal TaskLocalSuppression(TaskLocalBinding? before) => _before = before;

    /// <summary>Brings the bindings back.</summary>
    public void Dispose()
    {
        if (_before is not null)
        {
            TaskLocalBinding.Current = _before;
        }
    }
}
