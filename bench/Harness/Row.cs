namespace Treeline.Bench;

/// <summary>One line of the table: the same job done by Treeline and by what a .NET developer writes today.</summary>
/// <param name="Name">What is measured.</param>
/// <param name="Peer">What it is compared with, in a few words.</param>
/// <param name="Operations">How many operations one call of a side does; figures are divided by it.</param>
/// <param name="Ours">Does the operations with Treeline.</param>
/// <param name="Theirs">Does the same number of operations without it.</param>
/// <param name="Ceiling">The ratio of times that is promised.</param>
internal sealed record Row(
    string Name, string Peer, int Operations, Func<int, Task> Ours, Func<int, Task> Theirs, double Ceiling);
