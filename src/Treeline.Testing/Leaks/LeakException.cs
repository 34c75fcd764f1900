namespace Treeline.Testing;

/// <summary>Something that was started during a <see cref="LeakCheck"/> is still there at its end. The message says what.</summary>
public sealed class LeakException : Exception
{
    internal LeakException(string message)
        : base(message)
    {
    }
}
