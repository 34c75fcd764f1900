namespace Treeline;

/// <summary>
/// What most cancel scopes never need, kept out of their objects. The fields belong to the gate of the scope; what they
/// refer to is used outside it.
/// </summary>
internal sealed class CancelScopeExtras
{
    /// <summary>Behind the token that says: finish what you hold. Made when first asked for.</summary>
    public CancellationTokenSource? StopSource;

    /// <summary>Set once, when the scope is asked to stop; read without the gate.</summary>
    public StopCause? Stop;

    public CancellationTokenRegistration OuterRegistration;

    /// <summary>What callbacks threw when nobody had called; thrown by disposal.</summary>
    public List<Exception>? UncalledErrors;

    /// <summary>The scope's own deadline, as it was set; for those who ask.</summary>
    public DateTimeOffset? Deadline;

    /// <summary>The time that was allowed, if the deadline was given so.</summary>
    public TimeSpan? TimeAllowed;

    public ScopeTimer? DeadlineTimer;

    public ScopeTimer? GraceTimer;

    /// <summary>The grace that <see cref="GraceTimer"/> ends, for the error's words.</summary>
    public TimeSpan Grace;

    public ScopeTimer? PatienceTimer;
}
