namespace Treeline.Tests.Stress.Model;

/// <summary>What code does about the end of what it waits for.</summary>
internal enum Handling
{
    Rethrow,
    Swallow,
    Wrap,

    /// <summary>It does not wait at all.</summary>
    Forget,
}
