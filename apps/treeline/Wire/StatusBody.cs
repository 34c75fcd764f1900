namespace Treeline.App.Wire;

/// <summary>What <c>GET /status</c> answers. The runtime is null when jobs run on the thread pool.</summary>
internal sealed record StatusBody(
    long Pending,
    long Running,
    long Completed,
    long Failed,
    long Cancelled,
    int Workers,
    long UptimeMs,
    bool Stopping,
    RuntimeBody? Runtime);
