namespace Treeline.Bench;

/// <summary>The most that one side of a row may cost; what is null is not promised.</summary>
internal sealed record Promise
{
    /// <summary>Our figure over .NET's.</summary>
    public double? Ratio { get; init; }

    /// <summary>Our processor time over .NET's.</summary>
    public double? Cpu { get; init; }

    /// <summary>Bytes allocated per operation.</summary>
    public double? Bytes { get; init; }

    /// <summary>Our figure itself, in the row's unit.</summary>
    public double? Figure { get; init; }

    /// <summary>Our figure over Tokio's.</summary>
    public double? Tokio { get; init; }
}
