namespace Treeline.TestSupport.Linearizability;

/// <summary>What several callers did to one object, and when. Recorded by any of them at any time.</summary>
internal sealed class History
{
    private readonly List<Operation> _operations = [];
    private long _now;

    /// <summary>All that has been recorded, in the order in which it was called.</summary>
    public IReadOnlyList<Operation> Operations
    {
        get
        {
            lock (_operations)
            {
                return [.. _operations];
            }
        }
    }

    /// <summary>Call directly before the call.</summary>
    public Operation Invoke(string name, object? argument = null)
    {
        lock (_operations)
        {
            var operation = new Operation(name, argument) { Invoked = ++_now };
            _operations.Add(operation);
            return operation;
        }
    }

    /// <summary>Call directly after it has returned.</summary>
    public void Return(Operation operation, object? result = null)
    {
        lock (_operations)
        {
            operation.Result = result;
            operation.Returned = ++_now;
        }
    }

    /// <summary>Records one call, from before it is made until it has ended; a cancelled one as <see cref="Operation.Cancelled"/>.</summary>
    public async Task<T> RecordAsync<T>(string name, object? argument, Func<ValueTask<T>> call, Func<T, object?>? result = null)
    {
        Operation operation = Invoke(name, argument);
        try
        {
            T value = await call();
            Return(operation, result is null ? value : result(value));
            return value;
        }
        catch (OperationCanceledException)
        {
            Return(operation, Operation.Cancelled);
            throw;
        }
    }

    /// <inheritdoc cref="RecordAsync{T}"/>
    public async Task RecordAsync(string name, object? argument, Func<ValueTask> call)
    {
        Operation operation = Invoke(name, argument);
        try
        {
            await call();
            Return(operation);
        }
        catch (OperationCanceledException)
        {
            Return(operation, Operation.Cancelled);
            throw;
        }
    }

    /// <summary>Records one call that does not wait.</summary>
    public T Record<T>(string name, object? argument, Func<T> call)
    {
        Operation operation = Invoke(name, argument);
        T value = call();
        Return(operation, value);
        return value;
    }
}
