namespace Treeline.Jobs;

/// <summary>Sleeping until the next thing to do, or until somebody wakes the sleeper.</summary>
internal static class Sleep
{
    /// <summary>
    /// Waits until <paramref name="wake"/> is notified (or has been since the last time) or the time is over.
    /// Cancellation: notify.
    /// </summary>
    /// <returns>Whether it was woken.</returns>
    public static ValueTask<bool> SleepAsync(this Notify wake, TimeSpan longest, TimeProvider time) =>
        new Select<bool>()
            .On(wake.NotifiedCase(), static () => true)
            .On(Clock.DelayCase(longest, time), static () => false)
            .WaitAsync();
}
