namespace Treeline;

/// <summary>
/// Ends like a task that people gave. It may carry several errors (<see cref="Task.WhenAll(Task[])"/> handed back as it is),
/// of which <c>await</c> would drop all but one.
/// </summary>
internal static class EveryError
{
    /// <summary>Throws what <paramref name="ended"/> ended with, if not with success.</summary>
    public static void ThrowIfUnsuccessful(Task ended)
    {
        if (ended.Exception is { InnerExceptions.Count: > 1 } several)
        {
            throw several;
        }

        ended.GetAwaiter().GetResult();
    }
}
