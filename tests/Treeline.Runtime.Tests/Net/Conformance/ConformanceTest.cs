using System.Net;
using System.Net.Sockets;
using Treeline.Net;

namespace Treeline.Tests.Net.Conformance;

/// <summary>What the tests of the contract of networks have in common.</summary>
/// <typeparam name="TNetwork">The network.</typeparam>
public abstract class ConformanceTest<TNetwork> : TreeTest
    where TNetwork : NetworkUnderTest, new()
{
    private protected static readonly byte[] s_hello = "hello"u8.ToArray();

    private protected NetworkUnderTest Under { get; } = new TNetwork();

    private protected IPEndPoint AnyPort => new(Under.Address, 0);

    private protected static CancellationToken Cancelled => new(canceled: true);

    private protected Task OnNetwork(Func<Network, Task> test) => InTime(() => Under.RunAsync(test));

    private protected Task OnConnection(Func<Connection, Task> test) => OnNetwork(async network =>
    {
        using Connection connection = await Connection.OpenAsync(network, Under.Address);
        await test(connection);
    });

    /// <summary>Where .NET's own sockets can be at the other end.</summary>
    private protected Task OnSystem(Func<Network, Task> test) =>
        Under.IsOfTheSystem && OperatingSystem.IsLinux() ? OnNetwork(test) : Task.CompletedTask;

    private protected static async Task CancelledAsync(Func<CancellationToken, ValueTask> operation)
    {
        using var source = new CancellationTokenSource();
        ValueTask running = operation(source.Token);
        Assert.False(running.IsCompleted);
        await source.CancelAsync();
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await running);
        Assert.Equal(source.Token, e.CancellationToken);
    }

    private protected static bool IsCancelled(ValueTask task) => task.IsCanceled;

    private protected static bool IsCancelled<T>(ValueTask<T> task) => task.IsCanceled;

    private protected static async Task<SocketError> ErrorOf(Func<Task> operation) =>
        (await Assert.ThrowsAsync<SocketException>(operation)).SocketErrorCode;
}
