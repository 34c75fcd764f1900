namespace Treeline.Tests;

/// <summary>Runs the body of a test on a runtime, of which nothing is left afterwards.</summary>
internal static class OnRuntime
{
    /// <summary>Builds a runtime, runs <paramref name="test"/> on it from a thread that blocks, and disposes of it.</summary>
    public static Task RunAsync(RuntimeBuilder builder, Func<RuntimeHandle, Task> test) => OnThread.RunAsync(() =>
    {
        using Runtime runtime = builder.Build();
        runtime.BlockOn(_ => new ValueTask(test(runtime)));
    });
}
