namespace Treeline.Bench;

/// <summary>One of our ways to do a row's work.</summary>
/// <param name="Name"><c>plain</c> (delegates that return a task), <c>fiber</c> (async lambdas), or what it is that is measured.</param>
/// <param name="Trial">Does it.</param>
/// <param name="Promise">What it may cost.</param>
internal sealed record Side(string Name, Trial Trial, Promise Promise)
{
    public static Side Plain(Trial trial, Promise promise) => new("plain", trial, promise);

    public static Side Fiber(Trial trial, Promise promise) => new("fiber", trial, promise);
}
