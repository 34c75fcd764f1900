namespace Treeline;

/// <summary>A <see cref="TaskLocalBinding"/> with its value.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
internal sealed class TaskLocalBinding<T>(TaskLocal<T> local, T value, TaskLocalBinding? outer)
    : TaskLocalBinding(local, outer)
{
    public T Value { get; } = value;
}
