namespace Treeline.Jobs;

/// <summary>
/// Wakes one sleeper; set while nobody sleeps, the next sleep ends at once. <b>Protocol:</b> any number may set it; one
/// waits. <c>_signal</c> is replaced by the one who waits, before that one looks at what the signal is about; so nothing
/// set after the look is missed.
/// </summary>
internal sealed class WakeSignal
{
    private volatile TaskCompletionSource _signal = New();

    public void Set() => _signal.TrySetResult();

    /// <summary>Forgets what was set so far. Look at the state the signal is about after this, then sleep.</summary>
    public void Reset()
    {
        if (_signal.Task.IsCompleted)
        {
            _signal = New();
        }
    }

    /// <summary>Sleeps until the signal is set or the time is over. Cancellation: set the signal.</summary>
    public async Task SleepAsync(TimeSpan longest, TimeProvider time) =>
        await _signal.Task.WaitAsync(longest, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
