namespace Treeline.IO;

/// <summary>What arrives at the reading end of a <see cref="DuplexLane"/>.</summary>
internal enum DuplexNews
{
    /// <summary>Bytes, up to a position.</summary>
    Bytes,

    /// <summary>There will be no more bytes.</summary>
    End,

    /// <summary>The connection is gone.</summary>
    Reset,
}
