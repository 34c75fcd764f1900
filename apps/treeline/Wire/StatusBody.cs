namespace Treeline.App.Wire;

/// <summary>What <c>GET /status</c> answers.</summary>
internal sealed record StatusBody(
    long Pending,
    long Running,
    long Completed,
    long Failed,
    long Cancelled,
    int Workers,
    long UptimeMs,
    bool Stopping);
