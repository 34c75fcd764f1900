namespace Treeline.Bench.Echo;

/// <summary>What Treeline may cost over a peer, and how much faster it is to be.</summary>
/// <param name="Mean">Processor time a request: the geometric mean of all loads, at most.</param>
/// <param name="Worst">The same of any one load.</param>
/// <param name="Pinned">Requests a second on one core, at least.</param>
/// <param name="TwoWorkers">The same with two workers.</param>
internal sealed record EchoPromise(double Mean, double Worst, double Pinned, double TwoWorkers);
