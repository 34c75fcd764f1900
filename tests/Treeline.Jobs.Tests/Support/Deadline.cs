namespace Treeline.Jobs.Tests;

/// <summary>How long a test may wait for what must happen. It is reached only when a test fails.</summary>
internal static class Deadline
{
    public static TimeSpan Of { get; } = TimeSpan.FromSeconds(30);
}
