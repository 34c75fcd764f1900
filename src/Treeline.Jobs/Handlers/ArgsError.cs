namespace Treeline.Jobs;

/// <summary>What is wrong with a job's arguments.</summary>
/// <param name="Field">The field inside the arguments, as in <c>ms</c>; empty if it is the arguments as a whole.</param>
/// <param name="Message">What is wrong with it and what would be right.</param>
public sealed record ArgsError(string Field, string Message);
