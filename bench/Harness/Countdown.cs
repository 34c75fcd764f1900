namespace Treeline.Bench;

/// <summary>Tells when so many things have happened.</summary>
internal sealed class Countdown(int count)
{
    private readonly TaskCompletionSource _zero = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = count;

    public int Left => Volatile.Read(ref _left);

    public Task Zero => _zero.Task;

    public void Signal()
    {
        if (Interlocked.Decrement(ref _left) == 0)
        {
            _zero.SetResult();
        }
    }
}
