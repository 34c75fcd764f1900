namespace Treeline;

/// <summary>Who asked for a cancellation.</summary>
internal enum CancelKind
{
    /// <summary>A call of <see cref="CancelScope.Cancel"/>.</summary>
    Requested,

    /// <summary>The <see cref="CancellationToken"/> the scope was opened with.</summary>
    OuterToken,

    /// <summary>A failure of a child or of the body, under the fail-fast policy.</summary>
    Failure,

    /// <summary>The scope's own deadline.</summary>
    Deadline,

    /// <summary>The code that opened the scope ended without closing it.</summary>
    OwnerEnded,

    /// <summary>The scope had been asked to stop, and its grace is over.</summary>
    GraceOver,

    /// <summary>The scope's policy had seen enough of its children end.</summary>
    Decided,
}
