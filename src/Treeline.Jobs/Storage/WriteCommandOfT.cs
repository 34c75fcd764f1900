namespace Treeline.Jobs;

/// <summary>A queued write and its caller's task.</summary>
internal sealed class WriteCommand<T>(Func<WriteTransaction, T> write) : WriteCommand
{
    // Callers resume on the pool, not on the writer's thread.
    private readonly TaskCompletionSource<T> _caller = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _onCancel;
    private T? _result;

    public Task<T> Task => _caller.Task;

    public void CancelWith(CancellationToken cancellationToken) =>
        _onCancel = cancellationToken.UnsafeRegister(
            static (command, token) =>
            {
                var self = (WriteCommand<T>)command!;
                if (self.TryCancel())
                {
                    self._caller.TrySetCanceled(token);
                }
            },
            this);

    public override void Execute(WriteTransaction transaction) => _result = write(transaction);

    public override void Succeed()
    {
        _onCancel.Unregister();
        _caller.TrySetResult(_result!);
    }

    public override void Fail(Exception error)
    {
        _onCancel.Unregister();
        _caller.TrySetException(error);
    }
}
