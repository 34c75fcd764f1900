namespace Treeline.App.Wire;

/// <summary>The data of a <c>lagged</c> event of <c>GET /events</c>: how many events the reader was too slow for.</summary>
internal sealed record LaggedBody(long Missed);
