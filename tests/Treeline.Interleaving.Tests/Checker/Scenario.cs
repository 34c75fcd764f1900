namespace Treeline.Interleaving;

/// <summary>Actors that run against each other, and what must hold when all have ended. Made anew for each schedule.</summary>
internal sealed class Scenario
{
    public List<(string Name, Action Run)> Actors { get; } = [];

    public List<Action> Checks { get; } = [];

    /// <summary>What this schedule came to, to compare the outcomes of explorations.</summary>
    public string Outcome { get; set; } = "";

    public void Actor(string name, Action run) => Actors.Add((name, run));

    public void Finally(Action check) => Checks.Add(check);
}
