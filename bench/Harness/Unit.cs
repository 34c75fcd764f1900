namespace Treeline.Bench;

/// <summary>What a row's figure counts.</summary>
internal enum Unit
{
    /// <summary>Nanoseconds.</summary>
    Time,

    /// <summary>Bytes.</summary>
    Memory,
}
