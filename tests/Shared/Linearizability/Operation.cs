namespace Treeline.TestSupport.Linearizability;

/// <summary>One call on a shared object, as its caller saw it: it took effect at some moment between the two stamps.</summary>
/// <param name="Name">What was called.</param>
/// <param name="Argument">What it was given.</param>
internal sealed record Operation(string Name, object? Argument)
{
    /// <summary>The result of a call that was cancelled: it is to have had no effect.</summary>
    public static readonly object Cancelled = "cancelled";

    /// <summary>Before the call.</summary>
    public required long Invoked { get; init; }

    /// <summary>After it; the greatest number if it has not returned: then it may have taken effect, or not.</summary>
    public long Returned { get; set; } = long.MaxValue;

    /// <summary>What it gave.</summary>
    public object? Result { get; set; }

    public bool IsPending => Returned == long.MaxValue;

    public override string ToString() =>
        $"[{Invoked,3} … {(IsPending ? "   " : $"{Returned,3}")}] {Name}({Argument}) = {(IsPending ? "?" : Result ?? "done")}";
}
