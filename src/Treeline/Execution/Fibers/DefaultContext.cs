namespace Treeline;

/// <summary>The execution context in which nothing has been set, for code started where the flow is suppressed.</summary>
internal static class DefaultContext
{
    private static readonly Lazy<ExecutionContext> s_value = new(Take);

    public static ExecutionContext Value => s_value.Value;

    // A thread started without flow is the one place that surely has it.
    private static ExecutionContext Take()
    {
        ExecutionContext? context = null;
        var thread = new Thread(() => context = ExecutionContext.Capture()) { IsBackground = true };
        thread.UnsafeStart();
        thread.Join();
        return context!;
    }
}
