namespace Treeline.Jobs;

/// <summary>The data file cannot be used, or a write to it failed and left no trace.</summary>
public sealed class JobStoreException : Exception
{
    internal JobStoreException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
